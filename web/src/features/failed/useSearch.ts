import { useEffect, useState } from "react";

/** A search starts when the typing has paused for so long. */
const PAUSE = 300;

/** What is typed into a search field, and what of it is searched for. */
export function useSearch() {
  const [text, setText] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return { text, setText, query };
}
