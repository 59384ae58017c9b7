import { useState } from "react";
import textButton from "../../../controls/TextButton.module.css";
import { useMessages } from "../../../i18n/language";
import { folded } from "../beginning";
import styles from "./StringText.module.css";

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
  const beginning = folded(truncated ? `${text}…` : text);
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
