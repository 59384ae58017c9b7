import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { usePageVisible } from "../../app/usePageVisible";
import { movementOf } from "../pipeline/movement";
import { usePipelineData } from "../pipeline/usePipelineData";
import { useVerdict } from "../pipeline/useVerdict";
import { isAnswered } from "../pipeline/verdict";
import { getStringStates, MAX_IDS_PER_QUERY } from "./api/getStringStates";
import { type Item, mayReturn, notFound, progressed, unread } from "./item";
import { PollSchedule } from "./pollSchedule";
import type { StringStore } from "./store";
import { useStringStore, useStrings } from "./stringsContext";

/**
 * Polls all queued strings together until each has ended, while the page is visible and the service answers; those that
 * failed or are unknown again whenever the pipeline has moved, because an operator may have retried or discarded them.
 */
export function useStatusPoll(): void {
  const store = useStringStore();
  const items = useStrings();
  const visible = usePageVisible();
  const pipeline = usePipelineData();
  const answered = isAnswered(useVerdict());
  const [schedule] = useState(() => new PollSchedule());
  /** The pipeline's movement when all were last asked for. */
  const [asked] = useState({ at: "" });
  const now = pipeline ? movementOf(pipeline) : asked.at;
  const open = openIds(items, now !== asked.at).join();

  // Declared before the query, so that the query's timer starts with the short interval.
  useEffect(() => {
    if (open) schedule.reset();
  }, [open, schedule]);
  const some = open !== "";
  useEffect(() => {
    if (some) schedule.hurry();
  }, [some, schedule]);

  useQuery({
    queryKey: ["string-states"],
    queryFn: async ({ signal }) => {
      let moved = false;
      try {
        moved = await poll(store, openIds(store.snapshot(), now !== asked.at), signal);
        asked.at = now;
        return moved;
      } finally {
        if (moved) schedule.reset();
        else schedule.backOff();
      }
    },
    enabled: open !== "" && visible && answered,
    refetchInterval: () => openIds(store.snapshot(), now !== asked.at).length > 0 && schedule.delay,
    gcTime: 0,
  });
}

/** Updates these strings; returns whether any has changed. */
async function poll(store: StringStore, ids: readonly string[], signal: AbortSignal): Promise<boolean> {
  let moved = false;
  for (let start = 0; start < ids.length; start += MAX_IDS_PER_QUERY) {
    const asked = ids.slice(start, start + MAX_IDS_PER_QUERY);
    const answer = await getStringStates(asked, signal).catch((error: unknown) => {
      if (!signal.aborted) noteUnread(store, asked);
      throw error;
    });
    const states = new Map(answer.items.map((state) => [state.id, state]));
    const gone = new Set(answer.not_found);
    const changed = store.update((item) => {
      const id = "id" in item ? item.id : "";
      const state = states.get(id);
      if (state) return progressed(item, state);
      return gone.has(id) ? notFound(item) : item;
    });
    noteUnread(store, answer.unavailable);
    moved ||= changed;
  }
  return moved;
}

/** Notes that only the database knows more of these, and that it could not be asked. */
function noteUnread(store: StringStore, ids: readonly string[]): void {
  const some = new Set(ids);
  if (some.size > 0) store.update((item) => ("id" in item && some.has(item.id) ? unread(item) : item));
}

/** The ids of the strings that have not ended, and on request of those that may have returned. */
function openIds(items: readonly Item[], returned: boolean): string[] {
  const isOpen = (item: Item) => item.state === "queued" || (returned && mayReturn(item));
  return items.flatMap((item) => ("id" in item && isOpen(item) ? [item.id] : []));
}
