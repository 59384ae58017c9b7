import { useMessages } from "../../../i18n/language";
import type { RefusedLine } from "../batch";
import styles from "./Bulk.module.css";

type Props = { heading: string; count: number; faults: readonly RefusedLine[] };

/** Bad lines by number, each with its reason; renders nothing if there are none. */
export function LineFaults({ heading, count, faults }: Props) {
  const { bulk } = useMessages();
  if (count === 0) return null;
  return (
    <details className={styles.faults} open={count <= 10}>
      <summary>{heading}</summary>
      <ul>
        {faults.map(({ line, detail }) => (
          <li key={line}>{bulk.lineFault(line, detail)}</li>
        ))}
        {count > faults.length && <li>{bulk.moreFaults(count - faults.length)}</li>}
      </ul>
    </details>
  );
}
