import type { RefObject } from "react";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { usePassFocus } from "../../../controls/usePassFocus";
import { useMessages } from "../../../i18n/language";
import type { Kind } from "../operation";
import type { useFailed } from "../useFailed";
import styles from "./Failed.module.css";
import { FailedRow } from "./FailedRow";

type Props = {
  rows: RefObject<HTMLUListElement | null>;
  list: ReturnType<typeof useFailed>;
  query: string;
  selected: ReadonlySet<string>;
  busy: boolean;
  onSelect: (ids: ReadonlySet<string>) => void;
  onBegin: (kind: Kind, ids: readonly string[]) => void;
};

export function FailedList({ rows, list, query, selected, busy, onSelect, onBegin }: Props) {
  const { failed, shell } = useMessages();
  const { deadLetters, loading, hasMore, total, trouble } = list;
  const passFocus = usePassFocus(rows);

  function toggle(id: string) {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  }

  if (total === null) return trouble ? null : <p className={styles.loading}>{shell.loading}</p>;
  return (
    <>
      {deadLetters.length === 0 && !hasMore && (
        <p className={surfaces.empty} role="status">
          {query ? failed.noMatch : failed.none}
        </p>
      )}
      {deadLetters.length > 0 && (
        <ul ref={rows} tabIndex={-1} className={`${surfaces.card} ${styles.list}`}>
          {deadLetters.map((deadLetter) => (
            <FailedRow
              key={deadLetter.id}
              deadLetter={deadLetter}
              selected={selected.has(deadLetter.id)}
              busy={busy}
              onToggle={toggle}
              onBegin={onBegin}
            />
          ))}
        </ul>
      )}
      {hasMore && (
        <div className={styles.more}>
          <Button ref={passFocus} aria-disabled={loading} onClick={list.loadMore}>
            {loading ? shell.loading : failed.more}
          </Button>
        </div>
      )}
    </>
  );
}
