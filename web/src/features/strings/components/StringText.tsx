import { useState } from "react";
import textButton from "../../../controls/TextButton.module.css";
import { useMessages } from "../../../i18n/language";
import { beginningOf } from "../beginning";
import styles from "./StringText.module.css";

/** Longer texts are folded; both limits fill about six lines of the widest layout. */
const FOLDED_LENGTH = 500;
const FOLDED_LINES = 6;

/** A user's text as typed: with its own direction and line breaks, never as markup. */
export function StringText({ text }: { text: string }) {
  const { list } = useMessages();
  const [open, setOpen] = useState(false);
  if (text.trim() === "") return <p className={styles.blank}>{list.blank}</p>;
  const beginning = beginningOf(text, FOLDED_LENGTH, FOLDED_LINES);
  const long = beginning !== text;
  return (
    <>
      <p dir="auto" translate="no" className={`${styles.text} ${open ? styles.whole : styles.folded}`}>
        {open ? text : beginning}
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
