import { useId } from "react";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import styles from "./Failed.module.css";

/** The API takes no longer ones. */
export const MAX_QUERY_LENGTH = 200;

type Props = { text: string; onText: (text: string) => void; onForget: () => void };

export function SearchField({ text, onText, onForget }: Props) {
  const { failed } = useMessages();
  const id = useId();
  return (
    <search>
      <label className={fields.label} htmlFor={id}>
        {failed.search}
      </label>
      <div className={styles.row}>
        <input
          id={id}
          className={`${fields.field} ${styles.field}`}
          type="search"
          value={text}
          onChange={(event) => onText(event.target.value)}
          placeholder={failed.searchPlaceholder}
          maxLength={MAX_QUERY_LENGTH}
          autoComplete="off"
          dir="auto"
        />
        <Button onClick={onForget}>{failed.forget}</Button>
      </div>
    </search>
  );
}
