import { type RefObject, useState } from "react";
import { flushSync } from "react-dom";
import { Dialog } from "../../../controls/Dialog";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { type Item, isFinal, isOnlyHere } from "../item";
import { useStringStore } from "../stringsContext";
import styles from "./StringList.module.css";

type Props = { items: readonly Item[]; next: RefObject<HTMLElement | null> };

/** Clears the finished strings; asks first if some exist nowhere else. It is gone then, and `next` gets the focus. */
export function ClearButton({ items, next }: Props) {
  const { list } = useMessages();
  const store = useStringStore();
  const [asking, setAsking] = useState(false);
  const onlyHere = items.filter((item) => isFinal(item) && isOnlyHere(item)).length;

  function clear() {
    flushSync(() => store.clearFinished());
    next.current?.focus({ preventScroll: true });
  }

  return (
    <>
      <button
        type="button"
        className={styles.clear}
        onClick={() => (onlyHere > 0 ? setAsking(true) : clear())}
      >
        {list.clear}
      </button>
      {asking && (
        <Dialog
          heading={list.clearing.heading}
          confirm={list.clearing.confirm}
          cancel={list.clearing.keep}
          look="danger"
          onConfirm={clear}
          onClose={() => setAsking(false)}
        >
          {onlyHere > 0 && <p className={surfaces.words}>{list.clearing.onlyHere(onlyHere)}</p>}
        </Dialog>
      )}
    </>
  );
}
