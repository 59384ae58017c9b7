import styles from "./Progress.module.css";

type Props = { label: string; max?: number; value?: number };

/** How far something has come; without a value, that it is under way. */
export function Progress({ label, ...rest }: Props) {
  return <progress className={styles.progress} aria-label={label} {...rest} />;
}
