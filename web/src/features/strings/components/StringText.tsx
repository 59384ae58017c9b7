import { useState } from "react";
import textButton from "../../../controls/TextButton.module.css";
import { useMessages } from "../../../i18n/language";
import { beginningOf } from "../beginning";
import styles from "./StringText.module.css";

/** Longer texts are folded; both limits fill about six lines of the widest layout. */
const FOLDED_LENGTH = 500;
const FOLDED_LINES = 6;

type Props = {
  text: string;
  /** Whether this is only the beginning of the text, which cannot be unfolded here. */
  truncated?: boolean | undefined;
};

/** A user's text as typed: with its own direction and line breaks, never as markup. */
export function StringText({ text, truncated = false }: Props) {
  const { list } = useMessages();
  const [open, setOpen] = useState(false);
  if (text.trim() === "") return <p className={styles.blank}>{list.blank}</p>;
  const beginning = beginningOf(truncated ? `${text}…` : text, FOLDED_LENGTH, FOLDED_LINES);
  const long = !truncated && beginning !== text;
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
