import type { ApiError } from "../../../api/apiError";
import { Button } from "../../../controls/Button";
import { formatTime } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useToday } from "../../../timing/useToday";
import styles from "./HistoryTail.module.css";
import { ReadingTrouble } from "./ReadingTrouble";

type Props = {
  searches: boolean;
  lookedBackTo: string | null;
  trouble: ApiError | null;
  isWhole: boolean;
  /** Continues the search; null while it continues by itself. */
  onContinue: (() => void) | null;
};

/** The state of loading strings older than the rows above. */
export function HistoryTail({ searches, lookedBackTo, trouble, isWhole, onContinue }: Props) {
  const language = useLanguage();
  const today = useToday();
  const { history } = useMessages();
  if (trouble) return <ReadingTrouble error={trouble} />;
  if (isWhole) return <p className={styles.tail}>{history.end}</p>;
  const going = searches ? history.searching : history.loadingMore;
  const back = lookedBackTo && history.lookedBackTo(formatTime(Date.parse(lookedBackTo), today, language));
  return (
    <div className={styles.tail}>
      <p role="status">{onContinue === null ? going : back}</p>
      {onContinue === null && searches && back && <p aria-hidden="true">{back}</p>}
      {onContinue && <Button onClick={onContinue}>{history.goOn}</Button>}
    </div>
  );
}
