import styles from "./Progress.module.css";

type Props = { label: string; max?: number; value?: number };

/** A progress bar; indeterminate without a value. */
export function Progress({ label, ...rest }: Props) {
  return <progress className={styles.progress} aria-label={label} {...rest} />;
}
