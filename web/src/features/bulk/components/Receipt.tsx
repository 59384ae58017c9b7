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

/** The result of a batch, shown until it is dismissed. */
export function Receipt({ progress, moved }: Props) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const { batch, accepted, refused, refusedCount } = progress;
  const words = batch.intent === "cancel" ? bulk.cancelled(accepted) : bulk.allSent(accepted);

  const heading = useRef<HTMLHeadingElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is over
  useEffect(() => {
    if (!moved) return;
    // if the focus is elsewhere on the page it stays there, and the result is announced
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
          [bulk.counts.lines, batch.lines],
          [bulk.counts.empty, batch.empty],
          [bulk.counts.leftOut, batch.leftOut],
          [bulk.counts.refused, refusedCount],
          [bulk.counts.unsent, batch.strings - accepted - refusedCount],
          [bulk.counts.accepted, accepted],
        ]}
      />
      <LineFaults heading={bulk.refusedHeading(refusedCount)} count={refusedCount} faults={refused} />
      <div className={surfaces.actions}>
        <Button look="primary" onClick={() => void batches.clear()}>
          {bulk.done}
        </Button>
        {accepted + refusedCount > 0 && <SaveButtons />}
      </div>
      <p className={surfaces.note}>{bulk.doneHint}</p>
    </section>
  );
}
