import styles from "./Note.module.css";

/** Words that follow a state's name; the space belongs to them, because a text beside elements is not safe here. */
export function Note({ words }: { words: string | null }) {
  return words && <span className={styles.note}>{` ${words}`}</span>;
}
