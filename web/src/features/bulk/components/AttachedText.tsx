import { useMemo } from "react";
import { useMessages } from "../../../i18n/language";
import { linesIn } from "../../strings/fieldText";
import styles from "./Bulk.module.css";

/** Says that a text is there which is too long for the field. */
export function AttachedText({ id, text }: { id: string; text: string }) {
  const { bulk } = useMessages();
  const lines = useMemo(() => linesIn(text), [text]);
  return (
    <p id={id} className={styles.preview}>
      {bulk.attached(lines)}
    </p>
  );
}
