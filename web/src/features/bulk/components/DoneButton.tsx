import { useState } from "react";
import { Button } from "../../../controls/Button";
import { Dialog } from "../../../controls/Dialog";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import { type Progress, unsentOf } from "../progress";

/** Dismisses a batch; asks first if something is lost with it. */
export function DoneButton({ progress }: { progress: Progress }) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const [asking, setAsking] = useState(false);
  const { batch, accepted, refusedCount, underWay } = progress;
  const unsent = unsentOf(progress);
  const isReceiptLost = !batch.saved && accepted + refusedCount > 0;

  function done() {
    if (unsent + underWay > 0 || isReceiptLost) setAsking(true);
    else void batches.clear(batch);
  }

  return (
    <>
      <Button onClick={done}>{bulk.done}</Button>
      {asking && (
        <Dialog
          heading={bulk.delete.heading}
          confirm={bulk.delete.confirm}
          cancel={bulk.delete.keep}
          look="danger"
          // if another tab has changed the batch meanwhile, this view follows
          onConfirm={() => void batches.clear(batch).finally(() => setAsking(false))}
          onClose={() => setAsking(false)}
        >
          {unsent > 0 && <p className={surfaces.words}>{bulk.delete.unsent(unsent)}</p>}
          {underWay > 0 && <p className={surfaces.words}>{bulk.delete.unknown(underWay)}</p>}
          {isReceiptLost && <p className={surfaces.words}>{bulk.delete.receipt}</p>}
        </Dialog>
      )}
    </>
  );
}
