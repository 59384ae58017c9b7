import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import type { Newer } from "../useNewer";
import styles from "./NewerNotice.module.css";

/** Offers newer strings above the list, without moving it. */
export function NewerNotice({ newer, onShow }: { newer: Newer; onShow: () => void }) {
  const { history } = useMessages();
  return (
    <div className={styles.place}>
      <div className={newer === "none" ? undefined : styles.notice}>
        <p role="status">{newer !== "none" && history.newer[newer]}</p>
        {newer === "some" && (
          <Button look="primary" className={styles.show} onClick={onShow}>
            {history.showNewer}
          </Button>
        )}
      </div>
    </div>
  );
}
