import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { usePageVisible } from "../../app/usePageVisible";
import { useVerdict } from "../pipeline/useVerdict";
import { isAnswered } from "../pipeline/verdict";
import { getStringStates, MAX_IDS_PER_QUERY } from "./api/getStringStates";
import { forgotten, type Item, progressed } from "./item";
import { PollSchedule } from "./pollSchedule";
import type { StringStore } from "./store";
import { useStringStore, useStrings } from "./stringsContext";

/** Polls all queued strings together until each has its final state, while the page is visible and the service answers. */
export function useStatusPoll(): void {
  const store = useStringStore();
  const visible = usePageVisible();
  const open = openIds(useStrings()).join();
  const answered = isAnswered(useVerdict());
  const [schedule] = useState(() => new PollSchedule());

  // Declared before the query, so that the query's timer starts with the short interval.
  useEffect(() => {
    if (open) schedule.reset();
  }, [open, schedule]);

  useQuery({
    queryKey: ["string-states"],
    queryFn: async ({ signal }) => {
      let moved = false;
      try {
        moved = await poll(store, signal);
        return moved;
      } finally {
        if (moved) schedule.reset();
        else schedule.backOff();
      }
    },
    enabled: open !== "" && visible && answered,
    refetchInterval: () => schedule.delay,
    gcTime: 0,
  });
}

/** Updates all queued strings; returns whether any has changed. */
async function poll(store: StringStore, signal: AbortSignal): Promise<boolean> {
  const ids = openIds(store.snapshot());
  let moved = false;
  for (let start = 0; start < ids.length; start += MAX_IDS_PER_QUERY) {
    const answer = await getStringStates(ids.slice(start, start + MAX_IDS_PER_QUERY), signal);
    const states = new Map(answer.items.map((state) => [state.id, state]));
    const notFound = new Set(answer.not_found);
    // ids in `unavailable` stay queued: only the database knows more, and it is unavailable
    const changed = store.update((item) => {
      if (item.state !== "queued") return item;
      const state = states.get(item.id);
      if (state) return progressed(item, state);
      return notFound.has(item.id) ? forgotten(item) : item;
    });
    moved ||= changed;
  }
  return moved;
}

function openIds(items: readonly Item[]): string[] {
  return items.filter((item) => item.state === "queued").map((item) => item.id);
}
