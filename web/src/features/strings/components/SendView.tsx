import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import styles from "./SendView.module.css";
import { StringForm } from "./StringForm";
import { StringList } from "./StringList";

/** The form, and the states of this browser's strings. */
export function SendView({ persists }: { persists: boolean }) {
  const messages = useMessages();
  return (
    <>
      <ViewHead title={messages.heading} lead={messages.lead} />
      <StringForm />
      {!persists && <p className={styles.notKept}>{messages.notKept}</p>}
      <StringList />
    </>
  );
}
