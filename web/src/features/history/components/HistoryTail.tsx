import type { ApiError } from "../../../api/apiError";
import { Button } from "../../../controls/Button";
import { formatTime } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import styles from "./HistoryTail.module.css";
import { ReadingTrouble } from "./ReadingTrouble";

type Props = {
  searches: boolean;
  lookedBackTo: string | null;
  trouble: ApiError | null;
  isWhole: boolean;
  /** Looks further back, where that is left to the reader. */
  onGoOn: (() => void) | null;
};

/** What becomes of strings older than the rows above. */
export function HistoryTail({ searches, lookedBackTo, trouble, isWhole, onGoOn }: Props) {
  const language = useLanguage();
  const { history } = useMessages();
  if (trouble) return <ReadingTrouble error={trouble} />;
  if (isWhole) return <p className={styles.tail}>{history.end}</p>;
  const back = lookedBackTo && formatTime(Date.parse(lookedBackTo), Date.now(), language);
  return (
    <div className={styles.tail}>
      <p role="status">
        {onGoOn === null && (searches ? history.searching : history.loadingMore)}
        {onGoOn !== null && back && history.lookedBackTo(back)}
      </p>
      {onGoOn === null && searches && back && <p aria-hidden="true">{history.lookedBackTo(back)}</p>}
      {onGoOn && <Button onClick={onGoOn}>{history.goOn}</Button>}
    </div>
  );
}
