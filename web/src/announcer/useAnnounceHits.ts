import { useEffect, useRef } from "react";
import type { Messages } from "../i18n/en";
import { announce } from "./announce";

type Words = Messages["found"];

/**
 * Announces to screen readers, once, how many strings a finished search has found, in these words.
 *
 * `hits` is null while the search is running. No hits are not announced: the text in the list's place says so.
 */
export function useAnnounceHits(query: string, hits: number | null, mayBeMore: boolean, words: Words): void {
  // results already there when the list opens (on the way back to it) are not announced
  const announced = useRef(hits === null ? "" : query);
  useEffect(() => {
    if (hits === null || announced.current === query) return;
    announced.current = query;
    if (query !== "" && hits > 0) announce(mayBeMore ? words.soFar(hits) : words.all(hits));
  });
}
