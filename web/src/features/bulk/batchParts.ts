import { createContext, use } from "react";
import { submitBulk } from "./api/submitBulk";
import { Batches } from "./batches";
import { IndexedDbStorage } from "./indexedDbStorage";
import { Sender } from "./sender";

export type BatchParts = { batches: Batches; sender: Sender };

let shared: Promise<BatchParts> | null = null;

/** Returns the page's one batch store and its sender, started on the first call. */
export function sharedBatchParts(): Promise<BatchParts> {
  shared ??= openParts();
  return shared;
}

async function openParts(): Promise<BatchParts> {
  const batches = new Batches(await IndexedDbStorage.open().catch(() => null));
  const sender = new Sender(batches, submitBulk);
  sender.start();
  return { batches, sender };
}

export const BatchPartsContext = createContext<Promise<BatchParts> | null>(null);

/** Suspends until the browser's storage is open. */
export function useBatchParts(): BatchParts {
  return use(use(BatchPartsContext) ?? sharedBatchParts());
}
