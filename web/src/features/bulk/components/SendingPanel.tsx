import { useSyncExternalStore } from "react";
import { Button } from "../../../controls/Button";
import { Progress as ProgressBar } from "../../../controls/Progress";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { PipelineWatch } from "../../pipeline/PipelineWatch";
import type { Progress } from "../batches";
import { useBatchParts } from "../batchParts";
import styles from "./Bulk.module.css";
import { SendingStatus } from "./SendingStatus";

type Props = { progress: Progress; persisted: boolean; moved: boolean };

/** The progress of a batch, with its controls. */
export function SendingPanel({ progress, persisted, moved }: Props) {
  const language = useLanguage();
  const messages = useMessages();
  const { bulk } = messages;
  const { batches, sender } = useBatchParts();
  const sending = useSyncExternalStore(sender.subscribe, sender.snapshot);
  const { batch, accepted, refusedCount } = progress;
  const through = accepted + refusedCount;
  const moving = batch.intent === "send";
  const rate = moving && !sending.trouble ? sending.perSecond : null;
  const left = rate && formatDuration(((batch.strings - through) / rate) * 1000, language, messages);

  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading} takesFocus={moved}>
        {bulk.sending(batch.name ?? bulk.pasted)}
      </StepHeading>
      <ProgressBar max={batch.strings} value={through} label={bulk.sendingBar} />
      <p className={styles.figures}>
        <span>{bulk.acceptedOf(accepted, batch.strings)}</span>
        {rate && left && <span>{bulk.rate(rate, left)}</span>}
      </p>
      <PipelineWatch />
      <SendingStatus batch={batch} sending={sending} />
      {!persisted && <p className={styles.warning}>{bulk.notKept}</p>}
      <div className={surfaces.actions}>
        {moving ? (
          <Button onClick={() => void batches.pause()}>{bulk.pause}</Button>
        ) : (
          <Button look="primary" onClick={() => void batches.resume()}>
            {bulk.resume}
          </Button>
        )}
        {moving && sending.trouble && <Button onClick={() => sender.tryNow()}>{bulk.tryNow}</Button>}
        <Button look="danger" onClick={() => void batches.cancel()}>
          {bulk.cancel}
        </Button>
      </div>
      <p className={surfaces.note}>{bulk.cancelHint}</p>
    </section>
  );
}
