import fields from "../../../controls/Field.module.css";
import { formatCount } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { MAX_TEXT_BYTES } from "../text";
import styles from "./StringForm.module.css";

/** Shown from this length on, in bytes. */
const SHOWN_FROM = 0.8 * MAX_TEXT_BYTES;

/** How much of the limit is used, near the limit. Not a live region: it would announce every keystroke. */
export function ByteCount({ bytes }: { bytes: number }) {
  const { send } = useMessages();
  const language = useLanguage();
  if (bytes < SHOWN_FROM) return null;
  const over = bytes - MAX_TEXT_BYTES;
  const limit = formatCount(MAX_TEXT_BYTES, language);
  const words = send.bytes(formatCount(bytes, language), limit);
  return (
    <p className={[fields.hint, styles.bytes, over > 0 && styles.over].filter(Boolean).join(" ")}>
      {over > 0 ? `${words} ${send.bytesOver(formatCount(over, language))}` : words}
    </p>
  );
}
