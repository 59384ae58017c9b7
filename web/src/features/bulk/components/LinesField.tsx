import type { ClipboardEvent } from "react";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import { fitsField, textAfterPaste } from "../../strings/fieldText";
import styles from "./Bulk.module.css";

type Props = { id: string; text: string; readOnly: boolean; onText: (text: string) => void; faultId: string };

/** The field for lines. What would become too long by a paste never gets into it. */
export function LinesField({ id, text, readOnly, onText, faultId }: Props) {
  const { bulk } = useMessages();

  function paste(event: ClipboardEvent<HTMLTextAreaElement>) {
    const after = textAfterPaste(event);
    if (readOnly || fitsField(after)) return;
    event.preventDefault();
    onText(after);
  }

  return (
    <>
      <label className={fields.label} htmlFor={id}>
        {bulk.label}
      </label>
      <textarea
        id={id}
        className={`${fields.text} ${styles.lines}`}
        value={text}
        readOnly={readOnly}
        onChange={(event) => onText(event.target.value)}
        onPaste={paste}
        placeholder={bulk.placeholder}
        aria-describedby={faultId}
        dir="auto"
        rows={8}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
