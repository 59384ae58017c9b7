import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import { useCurrent } from "../../pipeline/useVerdict";
import type { Batch } from "../batch";
import type { Sending } from "../sender";
import styles from "./Bulk.module.css";

/** Says why a batch is not being sent, if it is not. */
export function SendingStatus({ batch, sending }: { batch: Batch; sending: Sending }) {
  const messages = useMessages();
  const { bulk } = messages;
  const trouble = useCurrent(sending.trouble);
  let words = "";
  if (batch.intent === "pause") words = bulk.paused;
  else if (batch.intent === "stopped" && batch.trouble)
    words = `${bulk.stopped(batch.trouble.detail)} ${bulk.resumeHint}`;
  else if (trouble) words = bulk.waiting(delayWords(trouble, messages));
  else if (sending.elsewhere) words = bulk.elsewhere;
  return (
    <p className={styles.status} aria-live="polite">
      {words}
    </p>
  );
}
