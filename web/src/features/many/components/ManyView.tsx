import { useState, useSyncExternalStore } from "react";
import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { isOver } from "../batches";
import { useBatchParts } from "../batchParts";
import { Chooser } from "./Chooser";
import { Receipt } from "./Receipt";
import { SendingPanel } from "./SendingPanel";

/** Many lines at once: choosing them, sending them, and the receipt. */
export function ManyView() {
  const { many } = useMessages();
  const { batches } = useBatchParts();
  const state = useSyncExternalStore(batches.subscribe, batches.snapshot);
  // what was there when the view opened leaves the focus where it is
  const [acted, setActed] = useState(false);
  const progress = state.known ? state.progress : null;
  return (
    <>
      <ViewHead title={many.heading} lead={many.lead} />
      {state.known && !progress && <Chooser takesFocus={acted} onAct={() => setActed(true)} />}
      {state.known && progress && !isOver(progress) && (
        <SendingPanel progress={progress} kept={state.kept} takesFocus={acted} onAct={() => setActed(true)} />
      )}
      {progress && isOver(progress) && (
        <Receipt progress={progress} takesFocus={acted} onAct={() => setActed(true)} />
      )}
    </>
  );
}
