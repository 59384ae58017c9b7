import { apiUrl } from "../api/origin";
import { useBatchSender } from "../features/bulk/useBatchSender";
import { PipelineStrip } from "../features/pipeline/components/PipelineStrip";
import { Announcer } from "../features/strings/components/Announcer";
import { useOutbox } from "../features/strings/useOutbox";
import { useStatusPoll } from "../features/strings/useStatusPoll";
import { useMessages } from "../i18n/language";
import styles from "./App.module.css";
import { Header } from "./Header";
import { View } from "./View";

export function App({ keeps }: { keeps: boolean }) {
  const messages = useMessages();
  return (
    <div className={styles.page}>
      <Header />
      <main className={styles.main}>
        <PipelineStrip />
        <View keeps={keeps} />
      </main>
      <footer className={styles.footer}>
        <p>{messages.footer}</p>
        <a href={apiUrl("/docs")}>{messages.api}</a>
      </footer>
      <Announcer />
      <Journey />
    </div>
  );
}

/** Keeps the strings moving, whichever view is open; it draws nothing, so that their requests redraw nothing. */
function Journey() {
  useOutbox();
  useStatusPoll();
  useBatchSender();
  return null;
}
