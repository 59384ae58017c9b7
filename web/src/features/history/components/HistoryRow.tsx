import { useEffect, useRef } from "react";
import type { Schema } from "../../../api/schema";
import { hrefOf } from "../../../app/router";
import { CopyButton } from "../../../copy/CopyButton";
import { formatClock, formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { beginningOf } from "../../strings/beginning";
import { PREVIEW } from "../api/getHistoryPage";
import { getText } from "../api/getString";
import { storedAt } from "../outline";
import styles from "./HistoryRow.module.css";

/** A character has up to two UTF-16 code units: no text that the API has cut is cut again. */
const MOST_UNITS = 2 * PREVIEW + 1;

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
  const erased = string.erased_at !== undefined;
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
          {blank
            ? messages.list[erased ? "erased" : "blank"]
            : beginningOf(string.truncated ? `${text}…` : text, MOST_UNITS)}
        </a>
      </p>
      {erased || (
        <CopyButton text={string.truncated ? () => getText(string.id) : text} className={styles.copy} />
      )}
      <p className={styles.meta}>
        <time dateTime={string.stored_at ?? string.received_at}>{formatClock(at, language)}</time>
        <span>{` ${messages.notes.storedIn(took)}`}</span>
      </p>
    </li>
  );
}
