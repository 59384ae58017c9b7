import {
  type ClipboardEvent,
  type DragEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { hrefOf } from "../../../app/router";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { keepForLines } from "../../bulk/draft";
import { folded } from "../beginning";
import { droppedText, fitsField, linesIn, textAfterPaste } from "../fieldText";
import type { AddFault } from "../store";
import { useStringStore } from "../stringsContext";
import { byteLength, isTooLong, type TextFault, textFault } from "../text";
import { useDraft } from "../useDraft";
import { useGrowingField } from "../useGrowingField";
import { ByteCount } from "./ByteCount";
import { RemoveDialog } from "./RemoveDialog";
import styles from "./StringForm.module.css";

type Fault = TextFault | AddFault | "not-taken" | "not-dropped";

export function StringForm() {
  const messages = useMessages();
  const store = useStringStore();
  const field = useRef<HTMLTextAreaElement>(null);
  const [draft, setText] = useDraft("string");
  // an older page may have saved one that cannot be taken
  const text = isTaken(draft) ? draft : "";
  const isFolded = !fitsField(text);
  const inField = isFolded ? folded(text) : text;
  const [fault, setFault] = useState<Fault | null>(text === draft ? null : "not-taken");
  const [removing, setRemoving] = useState(false);
  const id = useId();
  const bytes = byteLength(text);
  // "too long" appears as soon as the text is too long, and only for as long as it is
  const shown = fault ?? (isTooLong(text) ? "too-long" : null);
  useGrowingField(field, inField);
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
    const taken = isTaken(next);
    if (taken) setText(next);
    setFault(taken ? null : "not-taken");
  }

  function paste(event: ClipboardEvent<HTMLTextAreaElement>) {
    const after = textAfterPaste(event);
    if (isFolded || fitsField(after)) return;
    event.preventDefault();
    change(after);
  }

  function drop(event: DragEvent<HTMLTextAreaElement>) {
    const dropped = droppedText(event);
    if (isFolded || fitsField(text + dropped)) return;
    event.preventDefault();
    if (text === "") change(dropped);
    // only the browser knows where in the text it would go
    else setFault("not-dropped");
  }

  function remove() {
    flushSync(() => {
      setRemoving(false);
      change("");
    });
    // neither the dialog nor the button that opened it is left
    field.current?.focus();
  }

  return (
    <>
      <form className={surfaces.panel} onSubmit={submit}>
        <label className={fields.label} htmlFor={`${id}text`}>
          {messages.form.label}
        </label>
        <textarea
          ref={field}
          id={`${id}text`}
          className={`${fields.text} ${styles.text}`}
          value={inField}
          readOnly={isFolded}
          onChange={(event) => change(event.target.value)}
          onPaste={paste}
          onDrop={drop}
          onKeyDown={submitOnEnter}
          placeholder={messages.form.placeholder}
          aria-describedby={shown || isFolded ? `${id}fault ${id}hint` : `${id}hint`}
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
          {isFolded && <Button onClick={() => setRemoving(true)}>{messages.bulk.remove}</Button>}
          <Button type="submit" look="primary" className={styles.submit}>
            {messages.form.submit}
          </Button>
        </div>
        <p id={`${id}fault`} className={fields.fault} role="alert">
          {shown && <span>{`${messages.refusals[shown]} `}</span>}
          {isFolded && <span className={fields.hint}>{`${messages.form.folded(linesIn(text))} `}</span>}
          {(isFolded || shown === "not-taken") && (
            <a href={hrefOf({ view: "bulk" })}>{messages.bulk.heading}</a>
          )}
        </p>
      </form>
      {removing && (
        <RemoveDialog
          hint={messages.bulk.removingHint}
          onRemove={remove}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}

/** Whether a text can be edited here, or at least sent: one that fits no string would only make the field slow. */
function isTaken(text: string): boolean {
  return fitsField(text) || !isTooLong(text);
}

function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  // During composition Enter accepts the input method's text. Safari ends the composition first but sends key code 229.
  const composing = event.nativeEvent.isComposing || event.keyCode === 229;
  if (event.key !== "Enter" || event.shiftKey || composing) return;
  event.preventDefault();
  if (!event.repeat) event.currentTarget.form?.requestSubmit();
}
