import { useEffect, useRef } from "react";
import { useAnnounceHits } from "../../../announcer/useAnnounceHits";
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

type Props = { search: Search; onRestart: () => void };

/** The strings of one visit, and below them the state of loading older ones. */
export function HistoryList({ search, onRestart }: Props) {
  const { history, found } = useMessages();
  const { pages, hits, trouble, isWhole, mustAsk, mayLoadMore, loadMore, continueSearch } =
    useHistory(search);
  const older = useRef<HTMLDivElement>(null);
  const { element: tail, near: tailIsNear } = useNear<HTMLDivElement>(true);
  const [firstPage] = pages;
  const hasFound = pages.some(({ count }) => count > 0);
  const newer = useNewer(search.query, firstPage);
  useAnnounceHits(search.query, hits, !isWhole, found);

  useEffect(() => {
    if (tailIsNear && mayLoadMore) loadMore();
  });

  function lookFurtherBack() {
    // the pressed button, which has the focus, is removed
    older.current?.focus({ preventScroll: true });
    continueSearch();
  }

  return (
    <div className={styles.history}>
      <NewerNotice newer={newer} onShow={onRestart} />
      {firstPage && hasFound && <HistoryDays search={search} pages={pages} firstPage={firstPage} />}
      {!firstPage && !trouble && <Skeleton label={history.loading} rows={6} />}
      <div ref={older} tabIndex={-1}>
        <div ref={tail}>
          {isWhole && !hasFound && <Empty query={search.query} />}
          {(trouble || (firstPage && (hasFound || !isWhole))) && (
            <HistoryTail
              searches={search.query !== ""}
              lookedBackTo={pages.at(-1)?.lookedBackTo ?? null}
              trouble={trouble}
              isWhole={isWhole}
              onContinue={mustAsk ? lookFurtherBack : null}
            />
          )}
        </div>
      </div>
    </div>
  );
}
