import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import type { Question } from "../operation";
import { targetWords } from "../operationWords";
import styles from "./Failed.module.css";
import { ReasonField } from "./ReasonField";

type Props = { question: Question; onConfirm: (reason: string) => void; onClose: () => void };

/** Asks for confirmation, and for the reason before strings are discarded. */
export function ConfirmDialog({ question: { kind, target, count }, onConfirm, onClose }: Props) {
  const { failed } = useMessages();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const id = useId();
  const needsReason = kind === "discard";

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // close() returns the focus to where it was
    return () => element?.close();
  }, []);

  /** The event is asynchronous: by now the dialog may be unmounted or open again. */
  function onClosed() {
    if (dialog.current?.open === false) onClose();
  }

  function change(changed: string) {
    setReason(changed);
    setMissing(false);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const given = reason.trim();
    if (needsReason && given === "") {
      setMissing(true);
      dialog.current?.querySelector("textarea")?.focus();
    } else onConfirm(given);
  }

  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={`${id}heading`} onClose={onClosed}>
      <form onSubmit={submit} noValidate>
        <h2 id={`${id}heading`} className={surfaces.heading}>
          {failed.confirm[kind](targetWords(target, count ?? 0, failed))}
        </h2>
        {!("ids" in target) && <p className={surfaces.words}>{failed.present(count)}</p>}
        <p className={surfaces.words}>{failed.confirmHint[kind]}</p>
        {needsReason && <ReasonField reason={reason} missing={missing} onReason={change} />}
        <div className={surfaces.actions}>
          <Button type="submit" look={needsReason ? "danger" : "primary"}>
            {failed.confirmed[kind]}
          </Button>
          <Button onClick={() => dialog.current?.close()}>{failed.cancel}</Button>
        </div>
      </form>
    </dialog>
  );
}
