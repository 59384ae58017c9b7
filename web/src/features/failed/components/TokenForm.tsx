import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Button } from "../../../controls/Button";
import fields from "../../../controls/Field.module.css";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { canBeToken } from "../operatorToken";
import styles from "./TokenForm.module.css";

type Props = {
  label: string;
  hint: string;
  wrong: string | null;
  onToken: (token: string) => void;
  onWrong: (text: string) => void;
};

/** Asks for a token; `wrong` is the one that was refused. */
export function TokenForm({ label, hint, wrong, onToken, onWrong }: Props) {
  const { failed } = useMessages();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(wrong ?? "");
  const id = useId();
  useEffect(() => {
    if (wrong === null) return;
    field.current?.focus();
    field.current?.select();
  }, [wrong]);

  function submit(event: FormEvent) {
    event.preventDefault();
    const token = text.trim();
    if (token === "") field.current?.focus();
    else if (canBeToken(token)) onToken(token);
    else onWrong(token);
  }

  return (
    <form className={surfaces.panel} onSubmit={submit}>
      <label className={fields.label} htmlFor={`${id}token`}>
        {label}
      </label>
      <div className={styles.row}>
        <input
          ref={field}
          id={`${id}token`}
          className={`${fields.field} ${styles.field}`}
          type="password"
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-describedby={`${id}fault ${id}hint`}
          aria-invalid={wrong !== null}
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit" look="primary">
          {failed.useToken}
        </Button>
      </div>
      <p id={`${id}fault`} className={fields.fault} role="alert">
        {wrong !== null && failed.wrongToken}
      </p>
      <p id={`${id}hint`} className={surfaces.note}>
        {hint}
      </p>
    </form>
  );
}
