import { useEffect } from "react";

/** Continues an unfinished batch, whichever view is open; its code is loaded after the first render. */
export function useBatchSender(): void {
  useEffect(() => {
    // if the code cannot be loaded now, the bulk view requests it again
    import("./batchParts").then(({ sharedBatchParts }) => sharedBatchParts()).catch(() => undefined);
  }, []);
}
