import { type ClipboardEvent, type FormEvent, useEffect, useId, useRef } from "react";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { useDrop } from "../useDrop";
import type { Source, SourceFault } from "../useReading";
import styles from "./Bulk.module.css";
import { FileChoice } from "./FileChoice";

/** A longer paste, in characters, is read like a file, because it would make the field slow. */
const LONG_PASTE = 256 * 1024;

type Props = {
  text: string;
  onText: (text: string) => void;
  fault: SourceFault | null;
  takesFocus: boolean;
  onRead: (source: Source) => void;
  onFault: (fault: SourceFault) => void;
};

export function LinesForm({ text, onText, fault, takesFocus, onRead, onFault }: Props) {
  const { bulk } = useMessages();
  const field = useRef<HTMLTextAreaElement>(null);
  const { over, handlers } = useDrop(readFile);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only on arrival
  useEffect(() => void (takesFocus && field.current?.focus()), []);

  function readFile(files: FileList | null) {
    const file = files?.[0];
    if (file) onRead({ blob: file, name: file.name });
  }

  function readText(lines: string) {
    if (/\p{Surrogate}/u.test(lines)) onFault("surrogate");
    else onRead({ blob: new Blob([lines]), name: null });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    readText(text);
  }

  function paste(event: ClipboardEvent) {
    const pasted = event.clipboardData.getData("text/plain");
    if (pasted.length <= LONG_PASTE || text !== "") return;
    event.preventDefault();
    readText(pasted);
  }

  const className = over ? `${surfaces.panel} ${styles.dropping}` : surfaces.panel;
  return (
    <form className={className} onSubmit={submit} {...handlers}>
      <label className={fields.label} htmlFor={`${id}lines`}>
        {bulk.label}
      </label>
      <textarea
        ref={field}
        id={`${id}lines`}
        className={`${fields.text} ${styles.lines}`}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onPaste={paste}
        placeholder={bulk.placeholder}
        aria-describedby={`${id}fault`}
        dir="auto"
        rows={8}
        autoComplete="off"
        spellCheck={false}
      />
      <div className={surfaces.actions}>
        <Button type="submit" look="primary" disabled={text === ""}>
          {bulk.check}
        </Button>
        <FileChoice onFiles={readFile} />
      </div>
      <p id={`${id}fault`} className={fields.fault} role="alert">
        {fault && bulk.faults[fault]}
      </p>
    </form>
  );
}
