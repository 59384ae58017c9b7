import { useState } from "react";
import { focusViewHeading, ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { beginVisit } from "../useHistory";
import { HistoryList } from "./HistoryList";
import { HistoryTools } from "./HistoryTools";

/** All stored strings. */
export function HistoryView({ query }: { query: string }) {
  const { history } = useMessages();
  // a new visit shows what is stored by now; coming back restores the list that was left
  const [visit, setVisit] = useState(beginVisit);
  function restart() {
    // the pressed button, which has the focus, is removed
    focusViewHeading();
    window.scrollTo(0, 0);
    setVisit(Date.now());
  }
  return (
    <>
      <ViewHead title={history.heading} lead={history.lead} />
      <HistoryTools query={query} />
      <HistoryList key={`${visit} ${query}`} search={{ query, visit }} onRestart={restart} />
    </>
  );
}
