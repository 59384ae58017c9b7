import { Button } from "../../../controls/Button";
import { Progress } from "../../../controls/Progress";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";

type Props = { name: string | null; takesFocus: boolean; part: number; onBack: () => void };

export function ReadingPanel({ name, takesFocus, part, onBack }: Props) {
  const { bulk } = useMessages();
  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading} takesFocus={takesFocus}>
        {bulk.reading(name ?? bulk.pasted)}
      </StepHeading>
      <Progress max={1} value={part} label={bulk.readingBar} />
      <div className={surfaces.actions}>
        <Button onClick={onBack}>{bulk.back}</Button>
      </div>
    </section>
  );
}
