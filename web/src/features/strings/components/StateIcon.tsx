import styles from "./StateIcon.module.css";

export type Look =
  | "sending"
  | "delayed"
  | "queued"
  | "stored"
  | "failed"
  | "refused"
  | "unknown"
  | "discarded";

const SHAPES: Record<Look, string> = {
  sending: "M10 2.75a7.25 7.25 0 1 1-7.25 7.25",
  delayed: "M10 2.75a7.25 7.25 0 1 1 0 14.5 7.25 7.25 0 0 1 0-14.5M10 6v4.2l2.8 1.7",
  queued: "M4 5.5h12M4 10h12M4 14.5h7",
  stored: "m4.5 10.6 3.7 3.7 7.3-8.3",
  failed: "M10 5.2v6M10 14.6v.2M10 2.75a7.25 7.25 0 1 1 0 14.5 7.25 7.25 0 0 1 0-14.5",
  refused: "M10 2.75a7.25 7.25 0 1 1 0 14.5 7.25 7.25 0 0 1 0-14.5M5 5l10 10",
  discarded: "M6.5 10h7M10 2.75a7.25 7.25 0 1 1 0 14.5 7.25 7.25 0 0 1 0-14.5",
  unknown:
    "M7.4 7.4a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.1.9-1.1 1.8M10 14.4v.2M10 2.75a7.25 7.25 0 1 1 0 14.5 7.25 7.25 0 0 1 0-14.5",
};

/** A state's icon, next to its name. */
export function StateIcon({ look }: { look: Look }) {
  return (
    <span className={`${styles.badge} ${styles[look]}`}>
      <svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" className={styles.shape}>
        <path d={SHAPES[look]} />
      </svg>
    </span>
  );
}
