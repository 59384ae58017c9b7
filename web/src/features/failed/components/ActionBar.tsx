import type { RefObject } from "react";
import { Button } from "../../../controls/Button";
import type { Messages } from "../../../i18n/en";
import { useMessages } from "../../../i18n/language";
import type { DeadLetter } from "../useFailed";
import type { Kind } from "../useOperation";
import styles from "./Failed.module.css";

type Props = {
  heading: RefObject<HTMLHeadingElement | null>;
  total: number | null;
  query: string;
  chosen: readonly string[];
  letters: readonly DeadLetter[];
  busy: boolean;
  onSelect: (ids: ReadonlySet<string>) => void;
  onBegin: (kind: Kind, ids: readonly string[]) => void;
  onBeginAll: (kind: Kind) => void;
  onRefresh: () => void;
};

/** What can be done with those that are chosen, or else with all that match. */
export function ActionBar({ heading, total, query, chosen, letters, busy, ...on }: Props) {
  const { failed } = useMessages();
  const some = chosen.length > 0;
  const all = some && chosen.length === letters.length;
  const begin = (kind: Kind) => (some ? on.onBegin(kind, chosen) : on.onBeginAll(kind));
  return (
    <div className={styles.bar}>
      <h2 ref={heading} tabIndex={-1} className={styles.heading}>
        {titleOf(total, letters.length, failed)}
      </h2>
      <div className={styles.row}>
        <Button onClick={on.onRefresh}>{failed.refresh}</Button>
        {letters.length > 0 && (
          <>
            <Button disabled={busy} onClick={() => begin("retry")}>
              {some ? failed.retryChosen(chosen.length) : query ? failed.retryMatching : failed.retryAll}
            </Button>
            <Button look="danger" disabled={busy} onClick={() => begin("discard")}>
              {some
                ? failed.discardChosen(chosen.length)
                : query
                  ? failed.discardMatching
                  : failed.discardAll}
            </Button>
          </>
        )}
      </div>
      {letters.length > 0 && (
        <label className={styles.choice}>
          <input
            type="checkbox"
            checked={all}
            ref={(box) => {
              if (box) box.indeterminate = some && !all;
            }}
            onChange={() => on.onSelect(new Set(all ? [] : letters.map(({ id }) => id)))}
          />
          {some ? failed.chosen(chosen.length) : failed.chooseShown}
        </label>
      )}
    </div>
  );
}

function titleOf(total: number | null, shown: number, { listHeading, ...words }: Messages["failed"]): string {
  if (total === null) return listHeading;
  return shown < total ? words.shown(shown, total) : words.total(total);
}
