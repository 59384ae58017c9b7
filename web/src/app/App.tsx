import { useEffect } from "react";
import { watchBrowser } from "../api/reachability";
import { useApiUrl } from "../api/useApiUrl";
import { useBatchSender } from "../features/bulk/useBatchSender";
import { OperationLine } from "../features/failed/components/OperationLine";
import { PipelineStrip } from "../features/pipeline/components/PipelineStrip";
import { Announcer } from "../features/strings/components/Announcer";
import { useOutbox } from "../features/strings/useOutbox";
import { useStatusPoll } from "../features/strings/useStatusPoll";
import { useMessages } from "../i18n/language";
import styles from "./App.module.css";
import { Header } from "./Header";
import { ReadTokenForm } from "./ReadTokenForm";
import { View } from "./View";

export function App({ persists }: { persists: boolean }) {
  const messages = useMessages();
  const docs = useApiUrl("/docs");
  return (
    <div className={styles.page}>
      <Header />
      <main className={styles.main}>
        <PipelineStrip />
        <OperationLine />
        <ReadTokenForm />
        <View persists={persists} />
      </main>
      <footer className={styles.footer}>
        <p>{messages.footer}</p>
        <a href={docs}>{messages.api}</a>
      </footer>
      <Announcer />
      <BackgroundTasks />
    </div>
  );
}

/** Sends and polls strings whichever view is open; renders nothing, so that its requests re-render nothing. */
function BackgroundTasks() {
  useEffect(watchBrowser, []);
  useOutbox();
  useStatusPoll();
  useBatchSender();
  return null;
}
