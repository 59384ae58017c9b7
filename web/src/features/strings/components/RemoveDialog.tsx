import { Dialog } from "../../../controls/Dialog";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";

type Props = { hint: string; onRemove: () => void; onClose: () => void };

/** Asks before a text is removed that cannot be edited. Not within a form: it is one itself. */
export function RemoveDialog({ hint, onRemove, onClose }: Props) {
  const { bulk } = useMessages();
  return (
    <Dialog
      heading={bulk.removing}
      confirm={bulk.remove}
      cancel={bulk.delete.keep}
      look="danger"
      onConfirm={onRemove}
      onClose={onClose}
    >
      <p className={surfaces.words}>{hint}</p>
    </Dialog>
  );
}
