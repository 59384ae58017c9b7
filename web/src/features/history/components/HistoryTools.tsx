import { ExportLinks } from "./ExportLinks";
import styles from "./HistoryTools.module.css";
import { SearchField } from "./SearchField";

/** What can be done with all stored strings. */
export function HistoryTools({ query }: { query: string }) {
  return (
    <div className={styles.tools}>
      <SearchField query={query} />
      <ExportLinks query={query} />
    </div>
  );
}
