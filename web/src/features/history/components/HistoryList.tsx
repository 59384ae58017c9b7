import { useEffect } from "react";
import { ApiError } from "../../../api/apiError";
import { useMessages } from "../../../i18n/language";
import { type Search, useHistory } from "../useHistory";
import { useNear } from "../useNear";
import { useNewer } from "../useNewer";
import { Empty } from "./Empty";
import { HistoryDays } from "./HistoryDays";
import styles from "./HistoryList.module.css";
import { HistoryTail } from "./HistoryTail";
import { NewerNotice } from "./NewerNotice";
import { Skeleton } from "./Skeleton";

type Props = { search: Search; onStartAnew: () => void };

/** What a visit shows of the history: the strings, and below them what becomes of older ones. */
export function HistoryList({ search, onStartAnew }: Props) {
  const { history } = useMessages();
  const { pages, trouble, isWhole, mustAsk, mayLoadMore, loadMore, goOn } = useHistory(search);
  const { element: tail, near: tailIsNear } = useNear<HTMLDivElement>(true);
  const [firstPage] = pages;
  const found = pages.some(({ count }) => count > 0);
  const newer = useNewer(search.query, firstPage);

  useEffect(() => {
    if (tailIsNear && mayLoadMore) loadMore();
  });

  return (
    <div className={styles.history}>
      <NewerNotice shown={newer} onShow={onStartAnew} />
      {firstPage && found && <HistoryDays search={search} pages={pages} firstPage={firstPage} />}
      <div ref={tail}>
        {!firstPage && !trouble && <Skeleton label={history.loading} rows={6} />}
        {isWhole && !found && <Empty query={search.query} />}
        {(trouble || (firstPage && (found || !isWhole))) && (
          <HistoryTail
            searches={search.query !== ""}
            lookedBackTo={pages.at(-1)?.lookedBackTo ?? null}
            trouble={trouble instanceof ApiError ? trouble : null}
            isWhole={isWhole}
            onGoOn={mustAsk ? goOn : null}
          />
        )}
      </div>
    </div>
  );
}
