import { createContext, use } from "react";
import { reachability } from "../../api/reachability";
import { askBeforeLeaving } from "../../app/leaving";
import { submitBulk } from "./api/submitBulk";
import { Batches } from "./batches";
import { Choice } from "./choice";
import { adoptLines, forgetSent } from "./draft";
import { type Opened, openStorage } from "./openStorage";
import { Sender } from "./sender";

export type BatchParts = { batches: Batches; sender: Sender; choice: Choice };

let shared: Promise<BatchParts> | null = null;

/** Returns the page's one batch store and its sender, started on the first call. */
export function sharedBatchParts(): Promise<BatchParts> {
  shared ??= openStorage().then((opened) => {
    const parts = startParts(opened);
    askBeforeLeaving(() => losesLines(parts));
    return parts;
  });
  return shared;
}

/** Whether lines are lost with this page: those that only it has, or that the storage may not have yet. */
export function losesLines({ batches, choice }: BatchParts): boolean {
  const current = choice.snapshot();
  if (current.step === "read" && current.saving) return true;
  return batches.keeping !== "kept" && batches.progress() !== null;
}

/** Starts to send the batch in this storage, and those that follow. */
export function startParts({ storage, keeping }: Opened): BatchParts {
  const batches = new Batches(storage, keeping);
  const choice = new Choice();
  adoptLines();
  batches.subscribe(() => {
    const progress = batches.progress();
    const sent = progress ? [progress.batch.id, ...batches.deleted] : batches.deleted;
    forgetSent(sent);
    choice.forgetSent(sent);
  });
  const sender = new Sender(batches, submitBulk);
  sender.subscribe(() => reachability.noteBatch(sender.snapshot().trouble !== null));
  sender.start();
  reachability.onWake(() => sender.tryNow());
  return { batches, sender, choice };
}

export const BatchPartsContext = createContext<Promise<BatchParts> | null>(null);

/** Suspends until the browser's storage is open, or known not to answer. */
export function useBatchParts(): BatchParts {
  return use(use(BatchPartsContext) ?? sharedBatchParts());
}
