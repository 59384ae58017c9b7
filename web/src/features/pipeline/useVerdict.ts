import { useSyncExternalStore } from "react";
import { outageOf, reachability } from "../../api/reachability";
import { useStrings } from "../strings/stringsContext";
import { useCurrentPipeline } from "./usePipelineData";
import { confirms, judge, type Verdict } from "./verdict";

/** What is up, live; everything on the page that says so says this. */
export function useVerdict(): Verdict {
  const { subscribe, snapshot } = reachability;
  const { outage, batchDelayed } = useSyncExternalStore(subscribe, snapshot, snapshot);
  const online = useSyncExternalStore(subscribeOnline, isOnline, () => true);
  const strings = useStrings();
  const failed = strings.some(({ state }) => state === "failed");
  const delayed = batchDelayed || strings.some((item) => item.state === "sending" && item.trouble);
  return judge(useCurrentPipeline(), outage, { online, failed, delayed });
}

/** Returns a trouble for as long as it is true: null once the service answers, or takes strings, again. */
export function useCurrent<T extends { code: string }>(trouble: T | null): T | null {
  const verdict = useVerdict();
  return trouble && confirms(verdict, outageOf(trouble)) ? trouble : null;
}

const isOnline = () => navigator.onLine;

function subscribeOnline(onChange: () => void): () => void {
  window.addEventListener("online", onChange);
  window.addEventListener("offline", onChange);
  return () => {
    window.removeEventListener("online", onChange);
    window.removeEventListener("offline", onChange);
  };
}
