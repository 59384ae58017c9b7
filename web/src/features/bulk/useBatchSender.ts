import { useEffect } from "react";
import { reachability } from "../../api/reachability";

/** Continues an unfinished batch, whichever view is open; its code is loaded after the first render. */
export function useBatchSender(): void {
  useEffect(() => {
    // if the code cannot be loaded now, the bulk view requests it again
    const parts = import("./batchParts").then(({ sharedBatchParts }) => sharedBatchParts());
    const tryNow = () => void parts.then(({ sender }) => sender.tryNow()).catch(() => undefined);
    parts.catch(() => undefined);
    return reachability.onWake(tryNow);
  }, []);
}
