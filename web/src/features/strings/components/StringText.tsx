import { useState } from "react";
import textButton from "../../../controls/TextButton.module.css";
import { useMessages } from "../../../i18n/language";
import styles from "./StringText.module.css";

/** Longer texts are folded; both limits fill about six lines of the widest layout. */
const FOLDED_LENGTH = 500;
const FOLDED_LINES = 6;

/** A user's text as typed: with its own direction and line breaks, never as markup. */
export function StringText({ text }: { text: string }) {
  const { list } = useMessages();
  const [open, setOpen] = useState(false);
  if (text.trim() === "") return <p className={styles.blank}>{list.blank}</p>;
  const long = text.length > FOLDED_LENGTH || text.split("\n", FOLDED_LINES + 1).length > FOLDED_LINES;
  return (
    <>
      <p
        dir="auto"
        translate="no"
        className={long && !open ? `${styles.text} ${styles.folded}` : styles.text}
      >
        {text}
      </p>
      {long && (
        <button
          type="button"
          className={textButton.button}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? list.less : list.more}
        </button>
      )}
    </>
  );
}
