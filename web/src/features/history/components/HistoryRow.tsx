import { useEffect, useRef } from "react";
import type { Schema } from "../../../api/schema";
import { hrefOf } from "../../../app/router";
import { CopyButton } from "../../../copy/CopyButton";
import { formatClock, formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { storedAt } from "../outline";
import styles from "./HistoryRow.module.css";

/** More than three lines of the widest layout can show. */
const MOST_CHARACTERS = 400;

type Props = {
  string: Schema<"StringState">;
  /** Whether the reader has opened this string and comes back now. */
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
        >
          {blank ? messages.list.blank : beginningOf(text)}
        </a>
      </p>
      <CopyButton text={text} className={styles.copy} />
      <p className={styles.meta}>
        <time dateTime={string.stored_at ?? string.received_at}>{formatClock(at, language)}</time>{" "}
        <span>{messages.notes.storedIn(took)}</span>
      </p>
    </li>
  );
}

/** As much as a row shows, never ending within a character. */
function beginningOf(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${text.slice(0, MOST_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
