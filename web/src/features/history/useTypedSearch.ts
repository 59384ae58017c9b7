import { useEffect, useRef, useState } from "react";
import { replaceRoute } from "../../app/router";

/** Typing rests this long before it is searched for. */
const REST = 300;

/** What is typed into the search field, which the URL follows, and which follows the URL. */
export function useTypedSearch(query: string) {
  const [typed, setTyped] = useState(query);
  const sent = useRef(query);

  useEffect(() => {
    // from elsewhere: a link, or the browser's back
    if (query !== sent.current) setTyped(query);
    sent.current = query;
  }, [query]);

  // a syllable that is still being composed counts: in Korean the last one always is
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(search, REST);
    return () => clearTimeout(timer);
  });

  function search() {
    sent.current = typed;
    replaceRoute({ view: "history", query: typed });
  }

  return { typed, setTyped, search };
}
