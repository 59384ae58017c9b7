import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";
import styles from "./Dialog.module.css";
import surfaces from "./Surface.module.css";

type Props = {
  heading: string;
  /** The words of the buttons. */
  confirm: string;
  cancel: string;
  look: "primary" | "danger";
  onConfirm: (form: HTMLFormElement) => void;
  onClose: () => void;
  children: ReactNode;
};

/** A modal question with two answers; the focus returns to where it was. */
export function Dialog({ heading, confirm, cancel, look, onConfirm, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

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

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    onConfirm(event.currentTarget);
  }

  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={`${id}heading`} onClose={onClosed}>
      <form onSubmit={submit} noValidate>
        <h2 id={`${id}heading`} className={surfaces.heading}>
          {heading}
        </h2>
        {children}
        <div className={surfaces.actions}>
          <Button type="submit" look={look}>
            {confirm}
          </Button>
          <Button onClick={() => dialog.current?.close()}>{cancel}</Button>
        </div>
      </form>
    </dialog>
  );
}
