import { useEffect } from "react";
import { reachability } from "../../api/reachability";
import { fetchCode } from "../../code/fetchCode";

/** Continues an unfinished batch, whichever view is open; its code is loaded after the first render. */
export function useBatchSender(): void {
  useEffect(() => {
    // if the code cannot be loaded now, it is when the service can be reached again
    const start = () => void startSender().catch(() => undefined);
    start();
    return reachability.onWake(start);
  }, []);
}

async function startSender(): Promise<void> {
  await fetchCode();
  const { sharedBatchParts } = await import("./batchParts");
  await sharedBatchParts();
}
