import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import type { Batch } from "../batch";
import type { Sending } from "../sender";
import styles from "./Many.module.css";

/** Why it does not move, in words, where it does not. */
export function SendingStatus({ batch, sending }: { batch: Batch; sending: Sending }) {
  const messages = useMessages();
  const { many } = messages;
  let words = "";
  if (batch.intent === "pause") words = many.paused;
  else if (batch.intent === "stopped" && batch.trouble) words = many.stopped(batch.trouble.detail);
  else if (sending.trouble) words = many.waiting(delayWords(sending.trouble, messages));
  else if (sending.elsewhere) words = many.elsewhere;
  return (
    <p className={styles.status} aria-live="polite">
      {words}
    </p>
  );
}
