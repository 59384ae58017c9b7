import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { replaceRoute } from "../../../app/router";
import { useMessages } from "../../../i18n/language";
import styles from "./SearchField.module.css";

/** Typing rests this long before it is searched for. */
const REST = 300;
/** The API's limit. */
const MAX_LENGTH = 200;

/** The search; it is part of the URL, so that it can be kept and sent to others. */
export function SearchField({ query }: { query: string }) {
  const { history } = useMessages();
  const [typed, setTyped] = useState(query);
  const sent = useRef(query);
  const id = useId();

  useEffect(() => {
    // from elsewhere: a link, or the browser's back
    if (query !== sent.current) setTyped(query);
    sent.current = query;
  }, [query]);

  // a syllable that is still being composed counts: in Korean the last one always is
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => search(typed), REST);
    return () => clearTimeout(timer);
  });

  function search(text: string) {
    sent.current = text;
    replaceRoute({ view: "history", query: text });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    search(typed);
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is younger than some browsers in use
    <form role="search" className={styles.search} onSubmit={submit}>
      <label className={styles.label} htmlFor={`${id}field`}>
        {history.search}
      </label>
      <input
        id={`${id}field`}
        type="search"
        className={styles.field}
        value={typed}
        maxLength={MAX_LENGTH}
        onChange={(event) => setTyped(event.target.value)}
        aria-describedby={`${id}hint`}
        dir="auto"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
      />
      <p id={`${id}hint`} className={styles.hint}>
        {history.searchHint}
      </p>
    </form>
  );
}
