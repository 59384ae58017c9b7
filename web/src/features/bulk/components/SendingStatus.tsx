import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import { useCurrent } from "../../pipeline/useVerdict";
import { type Progress, toSend } from "../progress";
import type { Sending } from "../sender";
import styles from "./Bulk.module.css";

/** Says why a batch is not being sent, if it is not, and of how many strings no answer has come. */
export function SendingStatus({ progress, sending }: { progress: Progress; sending: Sending }) {
  const messages = useMessages();
  const { bulk } = messages;
  const { batch, underWay } = progress;
  const trouble = useCurrent(sending.trouble);
  const [isPaused, isStopped] = [batch.intent === "pause", batch.intent === "stopped"];
  // what is under way is finished first
  const asks = toSend(progress).length > 0;
  const words = [
    isPaused && (asks ? bulk.pausing : bulk.paused),
    isStopped && batch.trouble && bulk.stopped(batch.trouble.detail),
    (isPaused || isStopped) && underWay > 0 && bulk.unsettled(underWay),
    isStopped && bulk.resumeHint,
    asks && trouble && bulk.waiting(delayWords(trouble, messages)),
    asks && !trouble && !isPaused && sending.elsewhere && bulk.elsewhere,
  ];
  return (
    <p className={styles.status} aria-live="polite">
      {words.filter(Boolean).join(" ")}
    </p>
  );
}
