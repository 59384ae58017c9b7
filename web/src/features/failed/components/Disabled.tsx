import { Button } from "../../../controls/Button";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";

/** Says that the service has no operator token, and what to do about it. */
export function Disabled({ onAgain, onForget }: { onAgain: () => void; onForget: () => void }) {
  const { failed } = useMessages();
  return (
    <section className={surfaces.panel} role="alert">
      <h2 className={surfaces.heading}>{failed.disabled}</h2>
      <p className={surfaces.words}>{failed.disabledHint}</p>
      <div className={surfaces.actions}>
        <Button look="primary" onClick={onAgain}>
          {failed.again}
        </Button>
        <Button onClick={onForget}>{failed.forget}</Button>
      </div>
    </section>
  );
}
