import { useEffect } from "react";
import { reachability } from "../../api/reachability";

/** Continues an unfinished batch, whichever view is open; its code is loaded after the first render. */
export function useBatchSender(): void {
  useEffect(() => {
    // if the code cannot be loaded now, it is when the service can be reached again
    const load = () =>
      void import("./batchParts").then(({ sharedBatchParts }) => sharedBatchParts()).catch(() => undefined);
    load();
    return reachability.onWake(load);
  }, []);
}
