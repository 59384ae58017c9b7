import type { ReactNode } from "react";
import type { Schema } from "../../../api/schema";
import surfaces from "../../../controls/Surface.module.css";
import { CopyButton } from "../../../copy/CopyButton";
import { formatCount, formatDuration, formatMoment } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { Note } from "../../strings/components/Note";
import { StateIcon } from "../../strings/components/StateIcon";
import { StateName } from "../../strings/components/StateName";
import styles from "./StringFacts.module.css";

/** `unread`: its state could not be read again since. */
type Props = { string: Schema<"StringState">; unread: boolean };

export function StringFacts({ string, unread }: Props) {
  const messages = useMessages();
  const words = messages.history.string;
  const { text, erased_at: erasedAt } = string;
  const unsure = unread && string.status === "queued";
  const note = unsure
    ? messages.notes.unconfirmed
    : words.notes[erasedAt === undefined ? string.status : "erased"];
  return (
    <>
      <div className={styles.status}>
        <StateIcon look={string.status} />
        <p role="status">
          <StateName look={string.status} unread={unsure} />
          <Note words={note} />
        </p>
      </div>
      {text !== null && (
        <section className={`${surfaces.card} ${styles.text}`} aria-label={words.text}>
          {text.trim() === "" ? (
            <p className={styles.blank}>{messages.list.blank}</p>
          ) : (
            <p dir="auto" translate="no" className={styles.whole}>
              {text}
            </p>
          )}
        </section>
      )}
      <p className={styles.actions}>
        {text !== null && <CopyButton text={text} label={words.copyText} className={styles.copy} />}
        <CopyButton text={window.location.href} label={words.copyLink} className={styles.copy} />
      </p>
      <Facts string={string} />
    </>
  );
}

function Facts({ string }: { string: Schema<"StringState"> }) {
  const language = useLanguage();
  const messages = useMessages();
  const words = messages.history.string;
  const { received_at: receivedAt, stored_at: storedAt, attempts, reason, id, erased_at: erasedAt } = string;
  return (
    <dl className={styles.facts}>
      {reason !== null && <Fact name={words.reason}>{reason}</Fact>}
      <Fact name={words.received}>
        <Time at={receivedAt} />
      </Fact>
      {storedAt !== null && (
        <>
          <Fact name={words.stored}>
            <Time at={storedAt} />
          </Fact>
          <Fact name={words.took}>
            {formatDuration(Date.parse(storedAt) - Date.parse(receivedAt), language, messages)}
          </Fact>
        </>
      )}
      {erasedAt !== undefined && (
        <Fact name={words.erased}>
          <Time at={erasedAt} />
        </Fact>
      )}
      {attempts !== null && <Fact name={words.attempts}>{formatCount(attempts, language)}</Fact>}
      <Fact name={words.id}>
        <code translate="no" className={styles.id}>
          {id}
        </code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Time({ at }: { at: string }) {
  return <time dateTime={at}>{formatMoment(Date.parse(at), useLanguage())}</time>;
}
