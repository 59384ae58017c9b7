import { Button } from "../../../controls/Button";
import { StepHeading } from "../../../controls/StepHeading";
import { useMessages } from "../../../i18n/language";
import styles from "./Many.module.css";

type Props = { name: string | null; part: number; onStop: () => void };

export function ReadingPanel({ name, part, onStop }: Props) {
  const { many } = useMessages();
  return (
    <section className={styles.panel}>
      <StepHeading className={styles.heading}>{many.reading(name ?? many.pasted)}</StepHeading>
      <progress className={styles.bar} max={1} value={part} aria-label={many.readingBar} />
      <div className={styles.actions}>
        <Button onClick={onStop}>{many.back}</Button>
      </div>
    </section>
  );
}
