import { skipToken, useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { outageOf, reachability } from "../../api/reachability";
import type { Schema } from "../../api/schema";
import { useStrings } from "../strings/stringsContext";
import { PIPELINE_KEY } from "./pipelineKey";
import { confirms, judge, type Verdict } from "./verdict";

/** What is up, live; everything on the page that says so says this. */
export function useVerdict(): Verdict {
  const { subscribe, snapshot } = reachability;
  const { outage, checked } = useSyncExternalStore(subscribe, snapshot, snapshot);
  const online = useSyncExternalStore(subscribeOnline, isOnline, () => true);
  const failed = useStrings().filter(({ state }) => state === "failed").length;
  const { data, isError } = useQuery<Schema<"Pipeline">>({ queryKey: PIPELINE_KEY, queryFn: skipToken });
  return judge(checked && !isError ? data : undefined, outage, { online, failed });
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
