import { useEffect } from "react";

/** Goes on with a batch that was begun, whichever view is open. The code comes after the page's first load. */
export function useBatchSender(): void {
  useEffect(() => {
    // if the code cannot be loaded now, the bulk view requests it again
    import("./batchParts").then(({ sharedBatchParts }) => sharedBatchParts()).catch(() => undefined);
  }, []);
}
