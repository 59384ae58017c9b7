import { type ChangeEvent, useId } from "react";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import styles from "./Bulk.module.css";

/** A file picker, with the hint that a file can be dropped. */
export function FileChoice({ onFiles }: { onFiles: (files: FileList | null) => void }) {
  const { bulk } = useMessages();
  const id = useId();

  function choose({ target }: ChangeEvent<HTMLInputElement>) {
    onFiles(target.files);
    target.value = ""; // so that the same file can be chosen again
  }

  return (
    <span className={styles.fileChoice}>
      <input
        id={`${id}file`}
        className={`visually-hidden ${styles.file}`}
        type="file"
        accept=".txt,.csv,.tsv,.log,text/plain"
        aria-describedby={`${id}hint`}
        onChange={choose}
      />
      <label htmlFor={`${id}file`} className={styles.fileButton}>
        {bulk.chooseFile}
      </label>
      <span id={`${id}hint`} className={fields.hint}>
        {bulk.fileHint}
      </span>
    </span>
  );
}
