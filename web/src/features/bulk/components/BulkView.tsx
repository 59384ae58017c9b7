import { useState, useSyncExternalStore } from "react";
import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import type { BatchState } from "../batches";
import { useBatchParts } from "../batchParts";
import { isOver, type Progress } from "../progress";
import styles from "./Bulk.module.css";
import { Chooser } from "./Chooser";
import { KeptLines } from "./KeptLines";
import { Receipt } from "./Receipt";
import { SendingPanel } from "./SendingPanel";

/** Bulk submission: choosing lines, sending them, and the receipt. */
export function BulkView() {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const state = useSyncExternalStore(batches.subscribe, batches.snapshot);
  const step = stepOf(state);
  // the first step leaves the focus where it is; the steps that follow take it
  const [trail, setTrail] = useState({ step, moved: false });
  if (trail.step !== step) setTrail({ step, moved: trail.step !== null });
  const progress = state.known ? state.progress : null;
  return (
    <>
      <ViewHead title={bulk.heading} lead={bulk.lead} />
      {state.failed && (
        <p className={styles.warning} role="alert">
          {bulk.storageFailed}
        </p>
      )}
      {state.known && state.keeping === "closed" && <p className={styles.warning}>{bulk.notKept.closed}</p>}
      {state.known && state.vanished && <Vanished progress={state.vanished} />}
      {step === "choose" && state.known && <Chooser keeping={state.keeping} moved={trail.moved} />}
      {step === "send" && state.known && progress && (
        <SendingPanel progress={progress} keeping={state.keeping} failed={state.failed} moved={trail.moved} />
      )}
      {step === "receipt" && progress && (
        <Receipt progress={progress} failed={state.failed} moved={trail.moved} />
      )}
      {progress && <KeptLines moved={trail.moved} />}
    </>
  );
}

/** What was last known of a batch that is gone although no one has deleted it here. */
function Vanished({ progress: { accepted, refusedCount, batch } }: { progress: Progress }) {
  const { bulk } = useMessages();
  return (
    <p className={styles.warning} role="alert">
      {bulk.vanished(accepted, batch.strings - refusedCount)}
    </p>
  );
}

function stepOf(state: BatchState): "choose" | "send" | "receipt" | null {
  if (!state.known) return null;
  if (!state.progress) return "choose";
  return isOver(state.progress) ? "receipt" : "send";
}
