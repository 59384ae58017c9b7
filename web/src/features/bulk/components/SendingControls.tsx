import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import type { Batch } from "../batch";
import { useBatchParts } from "../batchParts";

/** What can be done with a batch that is not over. */
export function SendingControls({ batch }: { batch: Batch }) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const { intent } = batch;
  const isSending = intent === "send" || intent === "cancel";
  return (
    <div className={surfaces.actions}>
      {intent === "send" ? (
        <Button onClick={() => void batches.pause(batch)}>{bulk.pause}</Button>
      ) : (
        <Button look={isSending ? "plain" : "primary"} onClick={() => void batches.resume(batch)}>
          {bulk.resume}
        </Button>
      )}
      {intent === "cancel" ? (
        <Button onClick={() => void batches.leave(batch)}>{bulk.leave}</Button>
      ) : (
        <Button look="danger" onClick={() => void batches.cancel(batch)}>
          {bulk.cancel}
        </Button>
      )}
    </div>
  );
}
