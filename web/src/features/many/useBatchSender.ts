import { useEffect } from "react";

/** Goes on with a batch that was begun, whichever view is open. The code comes after the page's first load. */
export function useBatchSender(): void {
  useEffect(() => {
    // where the code cannot be had now, the view of many strings asks for it again
    import("./batchParts").then(({ sharedBatchParts }) => sharedBatchParts()).catch(() => undefined);
  }, []);
}
