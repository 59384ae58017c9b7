import type { RefObject } from "react";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
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
  deadLetters: readonly DeadLetter[];
  busy: boolean;
  onSelect: (ids: ReadonlySet<string>) => void;
  onBegin: (kind: Kind, ids: readonly string[]) => void;
  onBeginAll: (kind: Kind) => void;
  onRefresh: () => void;
};

/** Actions on the selected dead letters, or on all that match if none is selected. */
export function ActionBar({ heading, total, query, chosen, deadLetters, busy, ...on }: Props) {
  const { failed } = useMessages();
  const words = actionWords(chosen.length, query, failed);
  const begin = (kind: Kind) => (chosen.length > 0 ? on.onBegin(kind, chosen) : on.onBeginAll(kind));
  return (
    <div className={styles.bar}>
      <h2 ref={heading} tabIndex={-1} className={surfaces.heading}>
        {titleOf(total, deadLetters.length, failed)}
      </h2>
      <div className={styles.row}>
        <Button onClick={on.onRefresh}>{failed.refresh}</Button>
        {deadLetters.length > 0 && (
          <>
            <Button disabled={busy} onClick={() => begin("retry")}>
              {words.retry}
            </Button>
            <Button look="danger" disabled={busy} onClick={() => begin("discard")}>
              {words.discard}
            </Button>
          </>
        )}
      </div>
      {deadLetters.length > 0 && <Choice chosen={chosen} deadLetters={deadLetters} onSelect={on.onSelect} />}
    </div>
  );
}

/** Selects or deselects all that are shown. */
function Choice({ chosen, deadLetters, onSelect }: Pick<Props, "chosen" | "deadLetters" | "onSelect">) {
  const { failed } = useMessages();
  const some = chosen.length > 0;
  const all = some && chosen.length === deadLetters.length;
  return (
    <label className={styles.choice}>
      <input
        type="checkbox"
        checked={all}
        ref={(box) => {
          if (box) box.indeterminate = some && !all;
        }}
        onChange={() => onSelect(new Set(all ? [] : deadLetters.map(({ id }) => id)))}
      />
      <span>{some ? failed.chosen(chosen.length) : failed.chooseShown}</span>
    </label>
  );
}

function actionWords(chosen: number, query: string, failed: Messages["failed"]): Record<Kind, string> {
  if (chosen > 0) return { retry: failed.retryChosen(chosen), discard: failed.discardChosen(chosen) };
  if (query) return { retry: failed.retryMatching, discard: failed.discardMatching };
  return { retry: failed.retryAll, discard: failed.discardAll };
}

function titleOf(total: number | null, shown: number, { listHeading, ...words }: Messages["failed"]): string {
  if (total === null) return listHeading;
  return shown < total ? words.shown(shown, total) : words.total(total);
}
