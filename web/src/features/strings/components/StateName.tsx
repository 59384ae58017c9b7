import { useMessages } from "../../../i18n/language";
import type { Look } from "./StateIcon";
import styles from "./StateName.module.css";

/** A string's state, as a coloured word; `unread` if it may have changed since. */
export function StateName({ look, unread }: { look: Look; unread?: boolean | undefined }) {
  const { states } = useMessages();
  return (
    <strong className={`${styles.name} ${styles[look]}`}>{unread ? states.accepted : states[look]}</strong>
  );
}
