import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import type { Kind } from "../useOperation";
import styles from "./Failed.module.css";

/** The API takes no longer ones. */
const MAX_REASON_LENGTH = 500;

type Props = { kind: Kind; count: number; onConfirm: (reason: string) => void; onClose: () => void };

/** Asks before much is tried again, or anything discarded, which takes a reason. */
export function ConfirmDialog({ kind, count, onConfirm, onClose }: Props) {
  const { failed } = useMessages();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const id = useId();
  const asksWhy = kind === "discard";

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // closed by itself, it gives the focus back to where it was
    return () => element?.close();
  }, []);

  /** The event comes late: the dialog may be gone by then, or open again. */
  function onClosed() {
    if (dialog.current?.open === false) onClose();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const given = reason.trim();
    if (asksWhy && given === "") {
      setMissing(true);
      dialog.current?.querySelector("textarea")?.focus();
    } else onConfirm(given);
  }

  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={`${id}heading`} onClose={onClosed}>
      <form onSubmit={submit} noValidate>
        <h2 id={`${id}heading`} className={styles.heading}>
          {failed.confirm[kind](count)}
        </h2>
        <p className={styles.words}>{failed.confirmHint[kind]}</p>
        {asksWhy && (
          <>
            <label className={styles.label} htmlFor={`${id}reason`}>
              {failed.reason}
            </label>
            <textarea
              id={`${id}reason`}
              className={styles.field}
              value={reason}
              onChange={(event) => {
                setReason(event.target.value);
                setMissing(false);
              }}
              rows={3}
              maxLength={MAX_REASON_LENGTH}
              required
              aria-invalid={missing}
              aria-describedby={`${id}fault`}
            />
            <p id={`${id}fault`} className={styles.fault} role="alert">
              {missing && failed.reasonMissing}
            </p>
          </>
        )}
        <div className={`${styles.row} ${styles.end}`}>
          <Button type="submit" look={asksWhy ? "danger" : "primary"}>
            {asksWhy ? failed.discardChosen(count) : failed.retryChosen(count)}
          </Button>
          <Button onClick={() => dialog.current?.close()}>{failed.cancel}</Button>
        </div>
      </form>
    </dialog>
  );
}
