import { useEffect, useRef } from "react";
import type { Schema } from "../../../api/schema";
import { hrefOf } from "../../../app/router";
import { CopyButton } from "../../../copy/CopyButton";
import { formatClock, formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { beginningOf } from "../../strings/beginning";
import { storedAt } from "../outline";
import styles from "./HistoryRow.module.css";

/** More than fits into three lines of the widest layout. */
const MAX_CHARACTERS = 400;

type Props = {
  string: Schema<"StringState">;
  /** Whether the reader comes back from this string's page. */
  isReturnedTo: boolean;
  onReturned: () => void;
  onOpen: () => void;
};

export function HistoryRow({ string, isReturnedTo, onReturned, onOpen }: Props) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (!isReturnedTo) return;
    link.current?.scrollIntoView({ block: "center" });
    link.current?.focus({ preventScroll: true });
    onReturned();
  }, [isReturnedTo, onReturned]);
  const language = useLanguage();
  const messages = useMessages();
  const text = string.text ?? "";
  const at = storedAt(string);
  const took = formatDuration(at - Date.parse(string.received_at), language, messages);
  const blank = text.trim() === "";
  return (
    <li className={styles.row}>
      <p dir="auto" className={styles.text}>
        <a
          ref={link}
          className={blank ? styles.blank : styles.link}
          href={hrefOf({ view: "string", id: string.id })}
          onClick={onOpen}
          translate={blank ? undefined : "no"}
        >
          {blank ? messages.list.blank : beginningOf(text, MAX_CHARACTERS)}
        </a>
      </p>
      <CopyButton text={text} className={styles.copy} />
      <p className={styles.meta}>
        <time dateTime={string.stored_at ?? string.received_at}>{formatClock(at, language)}</time>
        <span>{` ${messages.notes.storedIn(took)}`}</span>
      </p>
    </li>
  );
}
