import type { RefObject } from "react";
import { flushSync } from "react-dom";
import { useMessages } from "../../../i18n/language";
import { useStringStore } from "../stringsContext";
import styles from "./StringList.module.css";

/** Clears the finished strings; there is no such button then, and `next` gets the focus. */
export function ClearButton({ next }: { next: RefObject<HTMLElement | null> }) {
  const { list } = useMessages();
  const store = useStringStore();

  function clear() {
    flushSync(() => store.clearFinished());
    next.current?.focus({ preventScroll: true });
  }

  return (
    <button type="button" className={styles.clear} onClick={clear}>
      {list.clear}
    </button>
  );
}
