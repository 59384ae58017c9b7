import { Button } from "../../../controls/Button";
import { Progress } from "../../../controls/Progress";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";

type Props = { name: string | null; part: number; onStop: () => void };

export function ReadingPanel({ name, part, onStop }: Props) {
  const { many } = useMessages();
  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading}>{many.reading(name ?? many.pasted)}</StepHeading>
      <Progress max={1} value={part} label={many.readingBar} />
      <div className={surfaces.actions}>
        <Button onClick={onStop}>{many.back}</Button>
      </div>
    </section>
  );
}
