import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import styles from "./SendView.module.css";
import { StringForm } from "./StringForm";
import { StringList } from "./StringList";

/** The form, and what became of this browser's strings. */
export function SendView({ keeps }: { keeps: boolean }) {
  const messages = useMessages();
  return (
    <>
      <ViewHead title={messages.heading} lead={messages.lead} />
      <StringForm />
      {!keeps && <p className={styles.notKept}>{messages.notKept}</p>}
      <StringList />
    </>
  );
}
