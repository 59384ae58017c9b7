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
import styles from "./Many.module.css";
import { SendingStatus } from "./SendingStatus";

type Props = { progress: Progress; kept: boolean; moved: boolean };

/** A batch on its way. */
export function SendingPanel({ progress, kept, moved }: Props) {
  const language = useLanguage();
  const messages = useMessages();
  const { many } = messages;
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
        {many.sending(batch.name ?? many.pasted)}
      </StepHeading>
      <ProgressBar max={batch.strings} value={through} label={many.sendingBar} />
      <p className={styles.figures}>
        <span>{many.acceptedOf(accepted, batch.strings)}</span>
        {rate && left && <span>{many.rate(rate, left)}</span>}
      </p>
      <PipelineWatch />
      <SendingStatus batch={batch} sending={sending} />
      {!kept && <p className={styles.warning}>{many.notKept}</p>}
      <div className={surfaces.actions}>
        {moving ? (
          <Button onClick={() => void batches.pause()}>{many.pause}</Button>
        ) : (
          <Button look="primary" onClick={() => void batches.resume()}>
            {many.resume}
          </Button>
        )}
        {moving && sending.trouble && <Button onClick={() => sender.tryNow()}>{many.tryNow}</Button>}
        <Button look="danger" onClick={() => void batches.cancel()}>
          {many.cancel}
        </Button>
      </div>
      <p className={surfaces.note}>{many.cancelHint}</p>
    </section>
  );
}
