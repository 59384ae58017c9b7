import { Button } from "../../../controls/Button";
import { Progress } from "../../../controls/Progress";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { refusalWords } from "../../../i18n/troubles";
import { type Operation, through } from "../useOperation";

type In<Phase extends Operation["phase"]> = { operation: Extract<Operation, { phase: Phase }> };
type Props = { operation: Operation; onStop: () => void; onDismiss: () => void };

/** Progress and result of a retry or discard; screen readers read the result once, when its heading takes focus. */
export function OperationPanel({ operation, onStop, onDismiss }: Props) {
  const { failed } = useMessages();
  switch (operation.phase) {
    case "idle":
    case "confirming":
      return null;
    case "collecting":
      return (
        <section className={surfaces.panel}>
          <Collecting operation={operation} />
          <End words={failed.stop} onEnd={onStop} />
        </section>
      );
    case "working":
      return (
        <section className={surfaces.panel}>
          <Working operation={operation} />
          <End words={operation.stopping ? failed.stopping : failed.stop} onEnd={onStop} />
        </section>
      );
    case "finished":
      return (
        <section className={surfaces.panel}>
          <Finished operation={operation} />
          <End words={failed.dismiss} onEnd={onDismiss} />
        </section>
      );
  }
}

function Collecting({ operation: { found } }: In<"collecting">) {
  const { failed } = useMessages();
  return (
    <>
      <StepHeading className={surfaces.heading}>{failed.collecting}</StepHeading>
      <Progress label={failed.collecting} />
      <p className={surfaces.words}>{failed.found(found)}</p>
    </>
  );
}

function Working({ operation: { kind, count, tally } }: In<"working">) {
  const { failed } = useMessages();
  return (
    <>
      <StepHeading className={surfaces.heading}>{failed.working[kind](count)}</StepHeading>
      <Progress max={count} value={through(tally)} label={failed.progress} />
      <p className={surfaces.words}>{failed.throughOf(through(tally), count)}</p>
    </>
  );
}

function Finished({ operation: { kind, count, tally, trouble } }: In<"finished">) {
  const messages = useMessages();
  const { failed } = messages;
  const untouched = count - through(tally);
  const parts = [
    failed.finished[kind](tally.done),
    tally.byOthers > 0 && failed.byOthers(tally.byOthers),
    tally.refused > 0 && failed.refused(tally.refused),
    untouched > 0 && failed.untouched(untouched),
    trouble && refusalWords(trouble, messages),
  ];
  return (
    <>
      <StepHeading className={surfaces.heading}>{parts.filter(Boolean).join(" ")}</StepHeading>
      {kind === "retry" && <p className={surfaces.note}>{failed.retryHint}</p>}
    </>
  );
}

function End({ words, onEnd }: { words: string; onEnd: () => void }) {
  return (
    <div className={surfaces.actions}>
      <Button onClick={onEnd}>{words}</Button>
    </div>
  );
}
