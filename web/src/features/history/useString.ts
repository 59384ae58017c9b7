import { type QueryClient, skipToken, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { READING } from "../../api/reading";
import type { Schema } from "../../api/schema";
import type { Route } from "../../app/router";
import { usePageVisible } from "../../app/usePageVisible";
import { movementOf } from "../pipeline/movement";
import { usePipelineData } from "../pipeline/usePipelineData";
import { PollSchedule } from "../strings/pollSchedule";
import { getString } from "./api/getString";
import { useCurrentTrouble } from "./useCurrentTrouble";

type StringState = Schema<"StringState">;

/** Milliseconds for which a string that was fetched before its view was opened is not fetched again. */
const PREFETCHED = 1_000;

/** Fetches a string before its view is there. */
export function prefetchString(client: QueryClient, id: string): Promise<void> {
  const queryFn = ({ signal }: { signal: AbortSignal }) => getString(id, signal);
  return client.prefetchQuery({ queryKey: keyOf(id), queryFn, gcTime: PREFETCHED });
}

/** One string, polled until it has ended; one that failed or is not found is asked for again whenever the pipeline has moved. */
export function useString(id: string) {
  const visible = usePageVisible();
  const [schedule] = useState(() => new PollSchedule());
  const { data, error, failureReason, refetch } = useQuery({
    queryKey: keyOf(id),
    queryFn: async ({ signal }) => {
      schedule.backOff();
      return getString(id, signal);
    },
    enabled: visible,
    refetchInterval: ({ state }) => state.data?.status === "queued" && schedule.delay,
    staleTime: PREFETCHED,
    gcTime: 0,
    ...READING,
  });
  const pipeline = usePipelineData();
  const moved = pipeline && movementOf(pipeline);
  const trouble = useCurrentTrouble(failureReason ?? error);
  const mayChange = data?.status === "failed" || trouble?.trouble.code === "unknown-string";
  // biome-ignore lint/correctness/useExhaustiveDependencies: an operator may have retried or discarded it, or its sender sent it
  useEffect(() => {
    if (mayChange) void refetch();
  }, [mayChange, moved]);
  return { data, trouble };
}

/** The section of the page that the open view belongs to; that of a string depends on its state. */
export function useSection(route: Route): Route | null {
  const id = route.view === "string" ? route.id : "";
  const { data } = useQuery<StringState>({ queryKey: keyOf(id), queryFn: skipToken, gcTime: 0 });
  return route.view === "string" ? sectionOf(data) : route;
}

/** Where a string is listed; nowhere while it is queued or unknown. */
export function sectionOf(string: StringState | undefined) {
  switch (string?.status) {
    case "stored":
      return { view: "history", query: "" } as const;
    case "failed":
      return { view: "failed" } as const;
    default:
      return null;
  }
}

function keyOf(id: string) {
  return ["string", id];
}
