import {
  type ClipboardEvent,
  type DragEvent,
  type FormEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import type { Source, SourceFault } from "../useReading";
import styles from "./Many.module.css";

/** More than this would make the field slow: it is taken like a file. Characters. */
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
  const { many } = useMessages();
  const field = useRef<HTMLTextAreaElement>(null);
  const [over, setOver] = useState(false);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only on arrival
  useEffect(() => void (takesFocus && field.current?.focus()), []);

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

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    readFile(event.dataTransfer.files);
  }

  function readFile(files: FileList | null) {
    const file = files?.[0];
    if (file) onRead({ blob: file, name: file.name });
  }

  return (
    <form
      className={over ? `${styles.panel} ${styles.dropping}` : styles.panel}
      onSubmit={submit}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label className={styles.label} htmlFor={`${id}lines`}>
        {many.label}
      </label>
      <textarea
        ref={field}
        id={`${id}lines`}
        className={styles.lines}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onPaste={paste}
        placeholder={many.placeholder}
        aria-describedby={`${id}fault`}
        dir="auto"
        rows={8}
        autoComplete="off"
        spellCheck={false}
      />
      <div className={styles.actions}>
        <Button type="submit" look="primary" disabled={text === ""}>
          {many.check}
        </Button>
        <span className={styles.fileChoice}>
          <input
            id={`${id}file`}
            className={`visually-hidden ${styles.file}`}
            type="file"
            accept=".txt,.csv,.log,text/plain"
            aria-describedby={`${id}fileHint`}
            onChange={(event) => {
              readFile(event.target.files);
              event.target.value = ""; // so that the same file can be chosen again
            }}
          />
          <label htmlFor={`${id}file`} className={styles.fileButton}>
            {many.chooseFile}
          </label>
          <span id={`${id}fileHint`} className={styles.hint}>
            {many.fileHint}
          </span>
        </span>
      </div>
      <p id={`${id}fault`} className={styles.fault} role="alert">
        {fault && many.faults[fault]}
      </p>
    </form>
  );
}
