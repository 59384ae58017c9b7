import { useId } from "react";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import styles from "./Failed.module.css";

/** The API takes no longer ones. */
const MAX_LENGTH = 500;

type Props = { reason: string; missing: boolean; onReason: (reason: string) => void };

export function ReasonField({ reason, missing, onReason }: Props) {
  const { failed } = useMessages();
  const id = useId();
  return (
    <>
      <label className={`${fields.label} ${styles.why}`} htmlFor={`${id}reason`}>
        {failed.reason}
      </label>
      <textarea
        id={`${id}reason`}
        className={fields.field}
        value={reason}
        onChange={(event) => onReason(event.target.value)}
        rows={3}
        maxLength={MAX_LENGTH}
        required
        aria-invalid={missing}
        aria-describedby={`${id}fault`}
      />
      <p id={`${id}fault`} className={fields.fault} role="alert">
        {missing && failed.reasonMissing}
      </p>
    </>
  );
}
