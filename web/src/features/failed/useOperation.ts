import { useSyncExternalStore } from "react";
import type { Operation } from "./operation";
import { operations } from "./operations";

/** The operation on dead letters that is running, or has ended and was not dismissed. */
export function useOperation(): Operation | null {
  return useSyncExternalStore(operations.subscribe, operations.snapshot);
}
