import { PipelineLine } from "../features/pipeline/components/PipelineLine";
import { Announcer } from "../features/strings/components/Announcer";
import { StringForm } from "../features/strings/components/StringForm";
import { StringList } from "../features/strings/components/StringList";
import { useOutbox } from "../features/strings/useOutbox";
import { useStatusPoll } from "../features/strings/useStatusPoll";
import { useMessages } from "../i18n/language";
import styles from "./App.module.css";

export function App({ keeps }: { keeps: boolean }) {
  const messages = useMessages();
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Mark />
        <span className={styles.product}>{messages.title}</span>
      </header>
      <main className={styles.main}>
        <div>
          <h1 className={styles.heading}>{messages.heading}</h1>
          <p className={styles.lead}>{messages.lead}</p>
        </div>
        <PipelineLine />
        <StringForm />
        {!keeps && <p className={styles.notKept}>{messages.notKept}</p>}
        <StringList />
      </main>
      <footer className={styles.footer}>
        <p>{messages.footer}</p>
        <a href="/openapi.json">{messages.api}</a>
      </footer>
      <Announcer />
      <Journey />
    </div>
  );
}

/** Keeps the strings moving; it draws nothing, so that their requests redraw nothing. */
function Journey() {
  useOutbox();
  useStatusPoll();
  return null;
}

function Mark() {
  return <img src="/favicon.svg" alt="" width="24" height="24" />;
}
