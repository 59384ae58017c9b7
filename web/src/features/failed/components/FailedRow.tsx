import { useId } from "react";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import textButton from "../../../controls/TextButton.module.css";
import { formatTime } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useToday } from "../../../timing/useToday";
import { StringText } from "../../strings/components/StringText";
import type { Kind } from "../operation";
import type { DeadLetter } from "../useFailed";
import styles from "./Failed.module.css";

type Props = {
  deadLetter: DeadLetter;
  selected: boolean;
  busy: boolean;
  onToggle: (id: string) => void;
  onBegin: (kind: Kind, ids: readonly string[]) => void;
};

export function FailedRow({ deadLetter, selected, busy, onToggle, onBegin }: Props) {
  const language = useLanguage();
  const { failed } = useMessages();
  const today = useToday();
  const textId = useId();
  const { id, text, truncated, reason, attempts, received_at: receivedAt } = deadLetter;
  const at = Date.parse(receivedAt);
  return (
    <li className={styles.deadLetter}>
      <input
        type="checkbox"
        className={styles.check}
        checked={selected}
        onChange={() => onToggle(id)}
        aria-label={failed.choose}
        aria-describedby={textId}
      />
      <div className={styles.body}>
        <div id={textId}>
          <StringText text={text ?? ""} truncated={truncated} />
        </div>
        <p className={styles.reason}>{reason ?? failed.noReason}</p>
        <p className={fields.hint}>
          <span>{failed.received(formatTime(at, today, language))}</span>
          {attempts !== null && attempts !== undefined && <span>{` · ${failed.attempts(attempts)}`}</span>}
        </p>
        <RowActions id={id} textId={textId} busy={busy} onBegin={onBegin} />
      </div>
    </li>
  );
}

type ActionsProps = Pick<Props, "busy" | "onBegin"> & { id: string; textId: string };

function RowActions({ id, textId, busy, onBegin }: ActionsProps) {
  const { failed, send } = useMessages();
  return (
    <div className={styles.rowActions}>
      <Button size="small" disabled={busy} aria-describedby={textId} onClick={() => onBegin("retry", [id])}>
        {failed.retry}
      </Button>
      <Button
        size="small"
        look="danger"
        disabled={busy}
        aria-describedby={textId}
        onClick={() => onBegin("discard", [id])}
      >
        {failed.discard}
      </Button>
      <a
        className={`${textButton.button} ${styles.details}`}
        href={`#/string/${id}`}
        aria-describedby={textId}
      >
        {send.details}
      </a>
    </div>
  );
}
