import { useEffect, useRef, useState } from "react";
import { replaceRoute } from "../../app/router";

/** A search starts after this pause in typing, in milliseconds. */
const PAUSE = 300;

/** The text of the search field, in sync with the URL both ways. */
export function useTypedSearch(query: string) {
  const [typed, setTyped] = useState(query);
  const sent = useRef(query);

  useEffect(() => {
    // changed from outside: by a link or the back button
    if (query !== sent.current) setTyped(query);
    sent.current = query;
  }, [query]);

  // text that is still being composed counts: in Korean the last syllable always is
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(search, PAUSE);
    return () => clearTimeout(timer);
  });

  function search() {
    sent.current = typed;
    replaceRoute({ view: "history", query: typed });
  }

  return { typed, setTyped, search };
}
