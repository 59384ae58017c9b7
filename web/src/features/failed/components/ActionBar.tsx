import type { RefObject } from "react";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import type { Messages } from "../../../i18n/en";
import { useMessages } from "../../../i18n/language";
import type { Kind, Target } from "../operation";
import type { DeadLetter } from "../useFailed";
import type { Outdated } from "../useFollow";
import styles from "./Failed.module.css";

type Props = {
  heading: RefObject<HTMLHeadingElement | null>;
  total: number | null;
  query: string;
  chosen: readonly string[];
  deadLetters: readonly DeadLetter[];
  hasMore: boolean;
  outdated: Outdated;
  busy: boolean;
  onSelect: (ids: ReadonlySet<string>) => void;
  onBegin: (kind: Kind, target: Target) => void;
  onRefresh: () => void;
};

/** Actions on the selected dead letters, or on all that match if none is selected. */
export function ActionBar({ heading, outdated, busy, onSelect, onBegin, onRefresh, ...list }: Props) {
  const { chosen, deadLetters, query } = list;
  const { failed } = useMessages();
  const words = actionWords(chosen.length, query, failed);
  const begin = (kind: Kind) => onBegin(kind, chosen.length > 0 ? { ids: chosen } : { query });
  return (
    <div className={styles.bar}>
      <h2 ref={heading} tabIndex={-1} className={surfaces.heading}>
        {titleOf(list, failed)}
      </h2>
      <div className={styles.row}>
        <Button look={outdated === "certainly" ? "primary" : "plain"} onClick={onRefresh}>
          {failed.refresh}
        </Button>
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
      {deadLetters.length > 0 && <Choice chosen={chosen} deadLetters={deadLetters} onSelect={onSelect} />}
      <p className={styles.outdated} role="status">
        {outdated && failed.outdated[outdated]}
      </p>
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

type List = Pick<Props, "total" | "query" | "deadLetters" | "hasMore">;

function titleOf({ total, query, deadLetters, hasMore }: List, failed: Messages["failed"]): string {
  const shown = deadLetters.length;
  if (total === null) return failed.listHeading;
  if (query !== "") return hasMore ? failed.matches.soFar(shown) : failed.matches.all(shown);
  return shown < total ? failed.shown(shown, total) : failed.total(total);
}
