import { type FormEvent, useId } from "react";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import { useTypedSearch } from "../useTypedSearch";
import styles from "./SearchField.module.css";

/** The API's limit. */
const MAX_LENGTH = 200;

/** The search; it is part of the URL, so that it can be bookmarked and shared. */
export function SearchField({ query }: { query: string }) {
  const { history } = useMessages();
  const { typed, setTyped, search } = useTypedSearch(query);
  const id = useId();

  function submit(event: FormEvent) {
    event.preventDefault();
    search();
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is younger than some browsers in use
    <form role="search" onSubmit={submit}>
      <label className={fields.label} htmlFor={`${id}field`}>
        {history.search}
      </label>
      <input
        id={`${id}field`}
        type="search"
        className={fields.field}
        value={typed}
        maxLength={MAX_LENGTH}
        onChange={(event) => setTyped(event.target.value)}
        aria-describedby={`${id}hint`}
        dir="auto"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
      />
      <p id={`${id}hint`} className={`${fields.hint} ${styles.hint}`}>
        {history.searchHint}
      </p>
    </form>
  );
}
