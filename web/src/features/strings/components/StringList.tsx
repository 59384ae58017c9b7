import { useId } from "react";
import surfaces from "../../../controls/Surface.module.css";
import { formatCount } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { isFinal } from "../item";
import { useStringStore, useStrings } from "../stringsContext";
import styles from "./StringList.module.css";
import { StringRow } from "./StringRow";

export function StringList() {
  const { list } = useMessages();
  const language = useLanguage();
  const store = useStringStore();
  const items = useStrings();
  const headingId = useId();
  return (
    <section aria-labelledby={headingId}>
      <div className={styles.head}>
        <h2 id={headingId} className={styles.heading}>
          {list.heading}
        </h2>
        {items.length > 0 && <span className={styles.count}>{formatCount(items.length, language)}</span>}
        {items.some(isFinal) && (
          <button type="button" className={styles.clear} onClick={() => store.clearFinished()}>
            {list.clear}
          </button>
        )}
      </div>
      {items.length === 0 ? (
        <div className={surfaces.empty}>
          <p className={surfaces.emptyTitle}>{list.empty}</p>
          <p>{list.emptyHint}</p>
        </div>
      ) : (
        <ul className={surfaces.card}>
          {items.map((item) => (
            <StringRow key={item.key} item={item} />
          ))}
        </ul>
      )}
    </section>
  );
}
