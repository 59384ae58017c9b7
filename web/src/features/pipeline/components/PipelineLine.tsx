import { formatCount, formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useStrings } from "../../strings/stringsContext";
import { usePipeline } from "../usePipeline";
import styles from "./PipelineLine.module.css";

/** The line that says whether strings get through. */
export function PipelineLine() {
  const language = useLanguage();
  const messages = useMessages();
  const busy = useStrings().some(({ state }) => state === "sending" || state === "queued");
  const { name, tone, waiting, drainSeconds } = usePipeline(busy);
  // a few strings on their way are no news while they get through within a second
  const showWaiting = waiting > 0 && (tone !== "good" || (drainSeconds ?? 0) >= 1);
  const count = formatCount(waiting, language);
  const duration = drainSeconds !== null && formatDuration(drainSeconds * 1000, language, messages);
  return (
    <div className={`${styles.line} ${styles[tone]}`}>
      <span className={styles.light} aria-hidden="true" />
      <p className={styles.words}>
        <span role="status">{messages.pipeline[name]}</span>
        {/* outside the status: a screen reader should not read out every new number */}
        {showWaiting && (
          <span className={styles.waiting}>
            {duration ? messages.pipeline.waitingFor(count, duration) : messages.pipeline.waiting(count)}
          </span>
        )}
      </p>
    </div>
  );
}
