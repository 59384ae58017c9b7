import { useState } from "react";
import { useAnnounceHits } from "../../announcer/useAnnounceHits";
import { useFailed } from "./useFailed";
import { useOperation } from "./useOperation";
import { useSearch } from "./useSearch";

/** The search for dead letters, its results, the selection, and the operation on them. */
export function useDeadLetters(token: string) {
  const search = useSearch();
  const list = useFailed(token, search.query);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const work = useOperation(token, () => {
    setSelected(new Set());
    list.refresh();
  });
  const { operation } = work;
  const { deadLetters, total, loading, hasMore } = list;
  useAnnounceHits(search.query, total === null || loading ? null : deadLetters.length, hasMore);
  const shown = new Set(deadLetters.map(({ id }) => id));
  const trouble = (operation.phase === "finished" && operation.trouble) || list.trouble;
  return {
    search,
    list,
    work,
    selected,
    setSelected,
    /** The selected ids that are still in the list. */
    chosen: [...selected].filter((id) => shown.has(id)),
    busy: operation.phase === "collecting" || operation.phase === "working",
    troubleCode: trouble?.code,
  };
}
