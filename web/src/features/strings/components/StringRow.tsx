import { memo } from "react";
import textButton from "../../../controls/TextButton.module.css";
import { CopyButton } from "../../../copy/CopyButton";
import type { Messages } from "../../../i18n/en";
import { formatDuration, formatTime } from "../../../i18n/format";
import { type Language, useLanguage, useMessages } from "../../../i18n/language";
import { delayWords, refusalWords } from "../../../i18n/troubles";
import { useToday } from "../../../timing/useToday";
import { type Item, type ItemIn, sentAt } from "../item";
import { Note } from "./Note";
import { QueuedNote } from "./QueuedNote";
import { type Look, StateIcon } from "./StateIcon";
import { StateName } from "./StateName";
import styles from "./StringRow.module.css";
import { StringText } from "./StringText";

export const StringRow = memo(function StringRow({ item }: { item: Item }) {
  const language = useLanguage();
  const messages = useMessages();
  const today = useToday();
  const look = lookOf(item);
  return (
    <li className={styles.row} data-state={item.state}>
      <StateIcon look={look} />
      <div className={styles.body}>
        <StringText text={item.text} />
        <div className={styles.meta}>
          <time className={styles.time} dateTime={new Date(sentAt(item)).toISOString()}>
            {formatTime(sentAt(item), today, language)}
          </time>
          <p>
            <StateName look={look} unread={item.state === "queued" && item.unread} />
            {item.state === "queued" ? (
              <QueuedNote item={item} />
            ) : (
              <Note words={noteOf(item, messages, language)} />
            )}
          </p>
        </div>
        <div className={styles.actions}>
          <CopyButton text={item.text} className={textButton.button} />
          {"id" in item && (
            <a className={textButton.button} href={`#/string/${item.id}`}>
              {messages.send.details}
            </a>
          )}
        </div>
      </div>
    </li>
  );
});

function lookOf(item: Item): Look {
  return item.state === "sending" && item.trouble ? "delayed" : item.state;
}

function noteOf(
  item: Exclude<Item, ItemIn<"queued">>,
  messages: Messages,
  language: Language,
): string | null {
  const { notes } = messages;
  switch (item.state) {
    case "sending":
      return item.trouble && delayWords(item.trouble, messages);
    case "stored": {
      if (item.storedAt === null) return null;
      const took = Date.parse(item.storedAt) - Date.parse(item.receivedAt);
      return notes.storedIn(formatDuration(took, language, messages));
    }
    case "failed":
      return item.reason === null ? notes.failedUnexplained : notes.failed(item.reason);
    case "refused":
      return refusalWords(item.trouble, messages);
    case "unknown":
    case "discarded":
      return notes[item.state];
  }
}
