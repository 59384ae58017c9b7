import { useId, useRef } from "react";
import { outageOf } from "../../../api/reachability";
import surfaces from "../../../controls/Surface.module.css";
import { formatCount } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useVerdict } from "../../pipeline/useVerdict";
import { confirms, type Verdict } from "../../pipeline/verdict";
import { type Item, isFinal } from "../item";
import { useStrings } from "../stringsContext";
import { ClearButton } from "./ClearButton";
import styles from "./StringList.module.css";
import { StringRow } from "./StringRow";

export function StringList() {
  const { list } = useMessages();
  const language = useLanguage();
  const items = useStrings();
  const verdict = useVerdict();
  const heading = useRef<HTMLHeadingElement>(null);
  const headingId = useId();
  return (
    <section aria-labelledby={headingId}>
      <div className={styles.head}>
        <h2 ref={heading} id={headingId} tabIndex={-1} className={styles.heading}>
          {list.heading}
        </h2>
        {items.length > 0 && <span className={styles.count}>{formatCount(items.length, language)}</span>}
        {items.some(isFinal) && <ClearButton items={items} next={heading} />}
      </div>
      {items.length === 0 ? (
        <div className={surfaces.empty}>
          <p className={surfaces.emptyTitle}>{list.empty}</p>
          <p>{list.emptyHint}</p>
        </div>
      ) : (
        <ul className={surfaces.card}>
          {items.map((item) => (
            <StringRow key={item.key} item={current(item, verdict)} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** A string on its way shows no trouble that is over: it is being sent again. */
function current(item: Item, verdict: Verdict): Item {
  if (item.state !== "sending" || !item.trouble) return item;
  return confirms(verdict, outageOf(item.trouble)) ? item : { ...item, trouble: null };
}
