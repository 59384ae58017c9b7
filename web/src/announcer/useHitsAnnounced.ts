import { useEffect, useRef } from "react";
import { useMessages } from "../i18n/language";
import { announce } from "./announce";

/**
 * Has screen readers say once how much a search has found, when it has ended.
 *
 * Takes null for the hits while it goes on. That it has found nothing is said by what stands in the list's place.
 */
export function useHitsAnnounced(query: string, hits: number | null, mayBeMore: boolean): void {
  const { found } = useMessages();
  // what is there when the list opens, for whoever comes back to it, is no news
  const told = useRef(hits === null ? "" : query);
  useEffect(() => {
    if (hits === null || told.current === query) return;
    told.current = query;
    if (query !== "" && hits > 0) announce(mayBeMore ? found.soFar(hits) : found.all(hits));
  });
}
