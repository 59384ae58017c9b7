import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import styles from "./NewerNotice.module.css";

/** Offers newer strings above the list, without moving it. */
export function NewerNotice({ shown, onShow }: { shown: boolean; onShow: () => void }) {
  const { history } = useMessages();
  return (
    <div className={styles.place}>
      <div className={shown ? styles.notice : undefined}>
        <p role="status">{shown && history.newer}</p>
        {shown && (
          <Button look="primary" className={styles.show} onClick={onShow}>
            {history.showNewer}
          </Button>
        )}
      </div>
    </div>
  );
}
