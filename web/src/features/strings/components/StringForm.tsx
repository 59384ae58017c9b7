import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { hrefOf } from "../../../app/router";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { keepForLines } from "../../bulk/draft";
import { LONG_TEXT, textAfterPaste } from "../pasted";
import type { AddFault } from "../store";
import { useStringStore } from "../stringsContext";
import { byteLength, MAX_TEXT_BYTES, type TextFault, textFault } from "../text";
import { useDraft } from "../useDraft";
import { useGrowingField } from "../useGrowingField";
import { ByteCount } from "./ByteCount";
import styles from "./StringForm.module.css";

export function StringForm() {
  const messages = useMessages();
  const store = useStringStore();
  const field = useRef<HTMLTextAreaElement>(null);
  const [draft, setText] = useDraft("string");
  // an older page may have saved one that is far too long
  const text = draft.length > LONG_TEXT ? "" : draft;
  const [fault, setFault] = useState<TextFault | AddFault | "not-taken" | null>(
    text === draft ? null : "not-taken",
  );
  const id = useId();
  const bytes = byteLength(text);
  // "too long" appears as soon as the text is too long, and only for as long as it is
  const shown = fault ?? (bytes > MAX_TEXT_BYTES ? "too-long" : null);
  useGrowingField(field, text);
  useEffect(() => {
    if (text !== draft && keepForLines(draft)) setText("");
  }, [text, draft, setText]);

  function submit(event: FormEvent) {
    event.preventDefault();
    field.current?.focus();
    if (text === "") return;
    const found = textFault(text) ?? store.add(text);
    setFault(found);
    if (found === null) setText("");
  }

  function change(next: string) {
    // it could not be sent, and would make the field slow
    const tooLong = next.length > LONG_TEXT;
    if (!tooLong) setText(next);
    setFault(tooLong ? "not-taken" : null);
  }

  function paste(event: ClipboardEvent<HTMLTextAreaElement>) {
    const after = textAfterPaste(event);
    if (after.length <= LONG_TEXT) return;
    event.preventDefault();
    change(after);
  }

  return (
    <form className={surfaces.panel} onSubmit={submit}>
      <label className={fields.label} htmlFor={`${id}text`}>
        {messages.form.label}
      </label>
      <textarea
        ref={field}
        id={`${id}text`}
        className={`${fields.text} ${styles.text}`}
        value={text}
        onChange={(event) => change(event.target.value)}
        onPaste={paste}
        onKeyDown={submitOnEnter}
        placeholder={messages.form.placeholder}
        aria-describedby={shown ? `${id}fault ${id}hint` : `${id}hint`}
        aria-invalid={shown !== null}
        dir="auto"
        rows={2}
        enterKeyHint="send"
        autoComplete="off"
      />
      <div className={styles.actions}>
        <p id={`${id}hint`} className={`${fields.hint} ${styles.hint}`}>
          {messages.form.hint}
        </p>
        <ByteCount bytes={bytes} />
        <Button type="submit" look="primary" className={styles.submit}>
          {messages.form.submit}
        </Button>
      </div>
      <p id={`${id}fault`} className={fields.fault} role="alert">
        {shown && <span>{`${messages.refusals[shown]} `}</span>}
        {shown === "not-taken" && <a href={hrefOf({ view: "bulk" })}>{messages.bulk.heading}</a>}
      </p>
    </form>
  );
}

function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  // During composition Enter accepts the input method's text. Safari ends the composition first but sends key code 229.
  const composing = event.nativeEvent.isComposing || event.keyCode === 229;
  if (event.key !== "Enter" || event.shiftKey || composing) return;
  event.preventDefault();
  if (!event.repeat) event.currentTarget.form?.requestSubmit();
}
