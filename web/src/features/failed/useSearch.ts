import { useEffect, useState } from "react";

/** A search starts after this pause in typing, in milliseconds. */
const PAUSE = 300;

/** The text of a search field, and the query that follows it after a pause. */
export function useSearch() {
  const [text, setText] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return { text, setText, query };
}
