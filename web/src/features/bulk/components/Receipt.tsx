import { useEffect, useRef } from "react";
import { announce } from "../../../announcer/announce";
import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import { type Progress, unsentOf } from "../progress";
import styles from "./Bulk.module.css";
import { Counts } from "./Counts";
import { DoneButton } from "./DoneButton";
import { LineFaults } from "./LineFaults";
import { SaveButtons } from "./SaveButtons";
import { StoredSoFar } from "./StoredSoFar";

/** `failed`: the storage has failed since it was read. */
type Props = { progress: Progress; failed: boolean; moved: boolean };

/** The result of a batch, shown until it is dismissed. */
export function Receipt({ progress, failed, moved }: Props) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const { batch, accepted, refused, refusedCount, underWay } = progress;
  const unsent = unsentOf(progress);
  const words = progress.pending.length === 0 ? bulk.allSent(accepted) : bulk.cancelled(accepted);

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
      <StoredSoFar progress={progress} />
      {underWay > 0 && <p className={styles.warning}>{bulk.unknownOutcome(underWay)}</p>}
      {batch.trouble && unsent + underWay > 0 && (
        <p className={styles.warning}>{bulk.stopped(batch.trouble.detail)}</p>
      )}
      <Counts
        rows={[
          [bulk.counts.lines, batch.lines],
          [bulk.counts.empty, batch.empty],
          [bulk.counts.leftOut, batch.leftOut],
          [bulk.counts.refused, refusedCount],
          [bulk.counts.unsent, unsent],
          [bulk.counts.unknown, underWay],
          [bulk.counts.accepted, accepted],
        ]}
      />
      <LineFaults heading={bulk.refusedHeading(refusedCount)} count={refusedCount} faults={refused} />
      <div className={surfaces.actions}>
        {accepted + refusedCount > 0 && <SaveButtons batch={batch} />}
        {unsent + underWay > 0 && (
          <Button onClick={() => void batches.resume(batch)}>{bulk.sendRest(unsent + underWay)}</Button>
        )}
        <DoneButton progress={progress} />
      </div>
      {batches.keeping !== "kept" && <p className={surfaces.note}>{bulk.goneHint}</p>}
      {batches.keeping === "kept" && !failed && <p className={surfaces.note}>{bulk.doneHint}</p>}
    </section>
  );
}
