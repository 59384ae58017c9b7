import { useEffect, useRef } from "react";
import { announce } from "../../../announcer/announce";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import type { Progress } from "../batches";
import { useBatchParts } from "../batchParts";
import { Counts } from "./Counts";
import { LineFaults } from "./LineFaults";
import { SaveButtons } from "./SaveButtons";
import { StoredSoFar } from "./StoredSoFar";

type Props = { progress: Progress; moved: boolean };

/** What became of a batch; it is kept until it has been seen. */
export function Receipt({ progress, moved }: Props) {
  const { many } = useMessages();
  const { batches } = useBatchParts();
  const { batch, accepted, refused, refusedCount } = progress;
  const words = batch.intent === "cancel" ? many.cancelled(accepted) : many.allSent(accepted);

  const heading = useRef<HTMLHeadingElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is over
  useEffect(() => {
    if (!moved) return;
    // whoever is elsewhere on the page by now stays there, and hears of it
    if (document.activeElement === document.body) heading.current?.focus();
    else announce(words);
  }, []);

  return (
    <section className={surfaces.panel}>
      <h2 ref={heading} tabIndex={-1} className={surfaces.heading}>
        {words}
      </h2>
      <StoredSoFar accepted={accepted} acceptedTotal={progress.acceptedTotal} />
      <Counts
        rows={[
          [many.counts.lines, batch.lines],
          [many.counts.empty, batch.empty],
          [many.counts.leftOut, batch.leftOut],
          [many.counts.refused, refusedCount],
          [many.counts.unsent, batch.strings - accepted - refusedCount],
          [many.counts.accepted, accepted],
        ]}
      />
      <LineFaults heading={many.refusedHeading(refusedCount)} count={refusedCount} faults={refused} />
      <div className={surfaces.actions}>
        <Button look="primary" onClick={() => void batches.clear()}>
          {many.done}
        </Button>
        {accepted + refusedCount > 0 && <SaveButtons />}
      </div>
      <p className={surfaces.note}>{many.doneHint}</p>
    </section>
  );
}
