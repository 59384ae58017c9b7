import { useState, useSyncExternalStore } from "react";
import { Progress as ProgressBar } from "../../../controls/Progress";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { formatDuration, formatRate } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import type { Progress } from "../progress";
import type { Keeping } from "../storage";
import styles from "./Bulk.module.css";
import { SendingControls } from "./SendingControls";
import { SendingStatus } from "./SendingStatus";
import { StoredSoFar } from "./StoredSoFar";

/** `failed`: the storage has failed since it was read. */
type Props = { progress: Progress; keeping: Keeping; failed: boolean; moved: boolean };

/** The progress of a batch, with its controls. */
export function SendingPanel({ progress, keeping, failed, moved }: Props) {
  const language = useLanguage();
  const messages = useMessages();
  const { bulk } = messages;
  const { sender } = useBatchParts();
  const sending = useSyncExternalStore(sender.subscribe, sender.snapshot);
  const { batch, accepted, refusedCount } = progress;
  const through = accepted + refusedCount;
  const moves = batch.intent === "send" && keeping !== "closed" && !sending.trouble;
  const rate = moves ? sending.perSecond : null;
  const left = rate && formatDuration(((batch.strings - through) / rate) * 1000, language, messages);
  const finishing = batch.intent === "cancel";
  // the button that was pressed is gone then
  const [cameFinishing] = useState(finishing);

  return (
    <section className={surfaces.panel}>
      <StepHeading
        key={String(finishing)}
        className={surfaces.heading}
        takesFocus={moved || finishing !== cameFinishing}
      >
        {finishing ? bulk.finishing(progress.underWay) : bulk.sending(batch.name ?? bulk.pasted)}
      </StepHeading>
      <ProgressBar max={batch.strings} value={through} label={bulk.sendingBar} />
      <p className={styles.figures}>
        <span>{bulk.acceptedOf(accepted, batch.strings)}</span>
        {rate && left && <span>{bulk.rate(formatRate(rate, language), left)}</span>}
      </p>
      <StoredSoFar progress={progress} />
      <SendingStatus progress={progress} sending={sending} />
      {keeping !== "kept" && keeping !== "closed" && (
        <p className={styles.warning}>{bulk.notKept[keeping]}</p>
      )}
      <SendingControls batch={batch} />
      {keeping === "kept" && !failed && batch.intent === "send" && (
        <p className={surfaces.note}>{bulk.mayLeave}</p>
      )}
      <p className={surfaces.note}>{finishing ? bulk.finishingHint : bulk.cancelHint}</p>
    </section>
  );
}
