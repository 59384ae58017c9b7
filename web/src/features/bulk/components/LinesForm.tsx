import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { RemoveDialog } from "../../strings/components/RemoveDialog";
import { fitsField } from "../../strings/fieldText";
import type { SourceFault } from "../choice";
import type { Source } from "../readLines";
import { useDrop } from "../useDrop";
import { AttachedText } from "./AttachedText";
import styles from "./Bulk.module.css";
import { FileChoice } from "./FileChoice";
import { LinesField } from "./LinesField";

type Props = {
  text: string;
  /** Whether the text may have been sent: it can then be removed, and is used only if the user says so. */
  unsure: boolean;
  onUseAnyway: () => void;
  onText: (text: string) => void;
  fault: SourceFault | null;
  takesFocus: boolean;
  onRead: (source: Source) => void;
  onFault: (fault: SourceFault) => void;
};

/** Takes typed or pasted lines, or a file. A text that would make the field slow is kept beside it. */
export function LinesForm({ text, unsure, onUseAnyway, onText, fault, takesFocus, onRead, onFault }: Props) {
  const { bulk } = useMessages();
  const form = useRef<HTMLFormElement>(null);
  const [removing, setRemoving] = useState(false);
  const { over, handlers } = useDrop(readFile, takeDropped);
  const id = useId();
  const attached = !fitsField(text);
  const shown = useRef(takesFocus ? null : attached);
  // on arrival, and when the field has become the attached text or the other way round
  useEffect(() => {
    if (shown.current !== attached)
      form.current?.querySelector<HTMLElement>("textarea, [type=submit]")?.focus();
    shown.current = attached;
  }, [attached]);

  function readFile(files: FileList | null) {
    const [file, another] = files ?? [];
    if (another) onFault("several");
    else if (file) onRead({ blob: file, name: file.name });
  }

  function takeDropped(dropped: string): boolean {
    const after = (text === "" || text.endsWith("\n") ? text : `${text}\n`) + dropped;
    if (unsure || dropped === "" || fitsField(after)) return false;
    onText(after);
    return true;
  }

  function remove() {
    flushSync(() => {
      setRemoving(false);
      onText("");
    });
    // neither the dialog nor the button that opened it is left
    form.current?.querySelector("textarea")?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (unsure) onUseAnyway();
    else if (/\p{Surrogate}/u.test(text)) onFault("surrogate");
    // the reader takes one byte order mark off, which must not be the text's own
    else onRead({ blob: new Blob(["\ufeff", text]), name: null });
  }

  const className = over ? `${surfaces.panel} ${styles.dropping}` : surfaces.panel;
  return (
    <>
      <form ref={form} className={className} onSubmit={submit} {...handlers}>
        {attached ? (
          <AttachedText id={`${id}lines`} text={text} />
        ) : (
          <LinesField
            id={`${id}lines`}
            text={text}
            readOnly={unsure}
            onText={onText}
            faultId={`${id}fault`}
          />
        )}
        <div className={surfaces.actions}>
          <Button
            type="submit"
            look="primary"
            disabled={text === ""}
            aria-describedby={attached ? `${id}lines` : undefined}
          >
            {unsure ? bulk.useAnyway : bulk.check}
          </Button>
          {(attached || unsure) && <Button onClick={() => setRemoving(true)}>{bulk.remove}</Button>}
          <FileChoice onFiles={readFile} />
        </div>
        <p id={`${id}fault`} className={fields.fault} role="alert">
          {fault && bulk.faults[fault]}
        </p>
      </form>
      {removing && (
        <RemoveDialog
          hint={unsure ? bulk.removingUnsure : bulk.removingHint}
          onRemove={remove}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}
