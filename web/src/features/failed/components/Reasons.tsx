import { useId, useRef } from "react";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import textButton from "../../../controls/TextButton.module.css";
import { usePassFocus } from "../../../controls/usePassFocus";
import { formatCount } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import type { Kind, Target } from "../operation";
import { reasonWords } from "../operationWords";
import type { Group, useReasons } from "../useReasons";
import styles from "./Failed.module.css";

/** The largest groups: the rest is found by searching. */
const SHOWN = 10;

type Counted = Pick<ReturnType<typeof useReasons>, "groups" | "counted" | "total" | "hasMore" | "countMore">;

type Props = {
  reasons: Counted;
  busy: boolean;
  onSearch: (reason: string) => void;
  onBegin: (kind: Kind, target: Target) => void;
};

/** How many strings failed for which reason; each such group can be retried or discarded. */
export function Reasons({ reasons: { groups, counted, total, hasMore, countMore }, ...rest }: Props) {
  const { failed } = useMessages();
  const list = useRef<HTMLUListElement>(null);
  const passFocus = usePassFocus(list);
  if (groups.length === 0) return null;
  return (
    <details className={`${surfaces.card} ${styles.reasons}`} open={groups.length > 1}>
      <summary>{failed.reasons(groups.length)}</summary>
      <ul ref={list} tabIndex={-1}>
        {groups.slice(0, SHOWN).map((group) => (
          <GroupRow key={group.reason} group={group} {...rest} />
        ))}
      </ul>
      {groups.length > SHOWN && <p className={styles.aside}>{failed.otherReasons(groups.length - SHOWN)}</p>}
      {hasMore && (
        <p className={styles.aside}>
          <span>{failed.counted(counted, total)}</span>
          <Button ref={passFocus} size="small" onClick={countMore}>
            {failed.countMore}
          </Button>
        </p>
      )}
    </details>
  );
}

type RowProps = Omit<Props, "reasons"> & { group: Group };

function GroupRow({ group: { reason, count }, busy, onSearch, onBegin }: RowProps) {
  const language = useLanguage();
  const { failed } = useMessages();
  const id = useId();
  const about = { size: "small", disabled: busy, "aria-describedby": id } as const;
  return (
    <li className={styles.group}>
      <button
        type="button"
        id={id}
        className={`${textButton.button} ${styles.groupReason}`}
        title={failed.showReason}
        onClick={() => onSearch(reason)}
      >
        {reasonWords(reason, failed)}
      </button>
      <span className={styles.count}>{formatCount(count, language)}</span>
      <Button {...about} onClick={() => onBegin("retry", { reason })}>
        {failed.retryGroup}
      </Button>
      <Button {...about} look="danger" onClick={() => onBegin("discard", { reason })}>
        {failed.discard}
      </Button>
    </li>
  );
}
