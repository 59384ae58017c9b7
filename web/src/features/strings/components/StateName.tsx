import { useMessages } from "../../../i18n/language";
import type { Look } from "./StateIcon";
import styles from "./StateName.module.css";

/** A string's state, in a word and its colour. */
export function StateName({ look }: { look: Look }) {
  const { states } = useMessages();
  return <strong className={`${styles.name} ${styles[look]}`}>{states[look]}</strong>;
}
