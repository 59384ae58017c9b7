import { hrefOf } from "../../../app/router";
import { focusViewHeading } from "../../../app/ViewHead";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import styles from "./Empty.module.css";

/** Shown when nothing is stored or nothing matches. */
export function Empty({ query }: { query: string }) {
  const { history } = useMessages();
  return (
    <div className={`${surfaces.empty} ${styles.empty}`}>
      <p className={surfaces.emptyTitle} role="status">
        {query ? history.noMatch(query) : history.empty}
      </p>
      {query ? (
        // the link, which has the focus, is removed
        <a href={hrefOf({ view: "history", query: "" })} onClick={focusViewHeading}>
          {history.clear}
        </a>
      ) : (
        <>
          <p>{history.emptyHint}</p>
          <a href={hrefOf({ view: "send" })}>{history.send}</a>
        </>
      )}
    </div>
  );
}
