import { Button } from "../../../controls/Button";
import { StepHeading } from "../../../controls/StepHeading";
import { useMessages } from "../../../i18n/language";
import { refusalWords } from "../../../i18n/troubles";
import type { Operation } from "../useOperation";
import styles from "./Failed.module.css";

type Props = { operation: Operation; onStop: () => void; onDismiss: () => void };

/** How far retrying or discarding has come, and what came of it. The focus reads the result out, once. */
export function OperationPanel({ operation, onStop, onDismiss }: Props) {
  const messages = useMessages();
  const { failed } = messages;
  if (operation.phase === "idle" || operation.phase === "confirming") return null;
  if (operation.phase === "collecting") {
    return (
      <section className={styles.panel}>
        <StepHeading className={styles.heading}>{failed.collecting}</StepHeading>
        <progress className={styles.progress} aria-label={failed.collecting} />
        <p className={styles.words}>{failed.found(operation.found)}</p>
        <Stop words={failed.stop} onStop={onStop} />
      </section>
    );
  }
  const { kind, count, tally } = operation;
  const through = tally.done + tally.byOthers + tally.refused;
  if (operation.phase === "working") {
    return (
      <section className={styles.panel}>
        <StepHeading className={styles.heading}>{failed.working[kind](count)}</StepHeading>
        <progress className={styles.progress} max={count} value={through} aria-label={failed.progress} />
        <p className={styles.words}>{failed.throughOf(through, count)}</p>
        <Stop words={operation.stopping ? failed.stopping : failed.stop} onStop={onStop} />
      </section>
    );
  }
  const parts = [
    failed.finished[kind](tally.done),
    tally.byOthers > 0 && failed.byOthers(tally.byOthers),
    tally.refused > 0 && failed.refused(tally.refused),
    count > through && failed.untouched(count - through),
    operation.trouble && refusalWords(operation.trouble, messages),
  ].filter(Boolean);
  return (
    <section className={styles.panel}>
      <StepHeading key="result" className={styles.heading}>
        {parts.join(" ")}
      </StepHeading>
      {kind === "retry" && <p className={styles.hint}>{failed.retryHint}</p>}
      <div className={`${styles.row} ${styles.end}`}>
        <Button onClick={onDismiss}>{failed.dismiss}</Button>
      </div>
    </section>
  );
}

function Stop({ words, onStop }: { words: string; onStop: () => void }) {
  return (
    <div className={`${styles.row} ${styles.end}`}>
      <Button onClick={onStop}>{words}</Button>
    </div>
  );
}
