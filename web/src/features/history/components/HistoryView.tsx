import { useState } from "react";
import { VIEW_HEADING_ID, ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { savedPlace } from "../place";
import { ExportLinks } from "./ExportLinks";
import { HistoryList } from "./HistoryList";
import styles from "./HistoryView.module.css";
import { SearchField } from "./SearchField";

/** All stored strings. */
export function HistoryView({ query }: { query: string }) {
  const { history } = useMessages();
  // a new visit shows what is stored by now; coming back restores the list that was left
  const [visit, setVisit] = useState(() => savedPlace()?.visit ?? Date.now());
  function restart() {
    // the pressed button, which has the focus, is removed
    document.getElementById(VIEW_HEADING_ID)?.focus();
    window.scrollTo(0, 0);
    setVisit(Date.now());
  }
  return (
    <>
      <ViewHead title={history.heading} lead={history.lead} />
      <div className={styles.tools}>
        <SearchField query={query} />
        <ExportLinks query={query} />
      </div>
      <HistoryList key={`${visit} ${query}`} search={{ query, visit }} onRestart={restart} />
    </>
  );
}
