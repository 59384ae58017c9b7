import { formatCount } from "../../../i18n/format";
import { useLanguage } from "../../../i18n/language";
import styles from "./Bulk.module.css";

/** Labelled numbers; zeros are left out except in the first and the last row. */
export function Counts({ rows }: { rows: readonly (readonly [string, number])[] }) {
  const language = useLanguage();
  const shown = rows.filter(([, count], index) => count > 0 || index === 0 || index === rows.length - 1);
  return (
    <dl className={styles.counts}>
      {shown.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{formatCount(count, language)}</dd>
        </div>
      ))}
    </dl>
  );
}
