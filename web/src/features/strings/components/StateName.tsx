import { useMessages } from "../../../i18n/language";
import type { Look } from "./StateIcon";
import styles from "./StateName.module.css";

/** A string's state, as a coloured word. */
export function StateName({ look }: { look: Look }) {
  const { states } = useMessages();
  return <strong className={`${styles.name} ${styles[look]}`}>{states[look]}</strong>;
}
