import type { ApiError } from "../../../api/apiError";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { readingWords } from "../../../i18n/troubles";
import styles from "./ReadingTrouble.module.css";

/** Says why strings cannot be read now, and whether the page retries by itself. */
export function ReadingTrouble({ error }: { error: ApiError }) {
  const messages = useMessages();
  return (
    <div className={`${surfaces.empty} ${styles.trouble}`} role="status">
      <p className={styles.words}>{readingWords(error, messages)}</p>
      {error.transient && <p>{messages.history.retrying}</p>}
    </div>
  );
}
