import { Button } from "../../../controls/Button";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import type { Reading } from "../readLines";
import styles from "./Bulk.module.css";

type Props = {
  name: string | null;
  takesFocus: boolean;
  reading: Exclude<Reading, { kind: "lines" }>;
  onKorean: () => void;
  onBack: () => void;
};

/** A file that is no text, or not UTF-8: says what to do, and offers to read it as Korean if that is possible. */
export function NotRead({ name, takesFocus, reading, onKorean, onBack }: Props) {
  const { bulk } = useMessages();
  const preview = reading.kind === "not-utf-8" ? reading.preview : null;
  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading} takesFocus={takesFocus}>
        {reading.kind === "binary" ? bulk.notText(name ?? bulk.pasted) : bulk.notUtf8(name ?? bulk.pasted)}
      </StepHeading>
      {reading.kind === "binary" ? (
        <p className={surfaces.words}>{bulk.binary[reading.format]}</p>
      ) : (
        <>
          <p className={surfaces.words}>
            {reading.kind === "utf-16" ? bulk.looksUtf16 : bulk.notUtf8At(reading.line)}
          </p>
          <p className={surfaces.words}>{preview ? bulk.looksKorean : bulk.saveAsUtf8}</p>
        </>
      )}
      {preview && (
        <ul className={styles.preview} lang="ko" translate="no">
          {preview.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines may repeat and never move
            <li key={index}>{line}</li>
          ))}
        </ul>
      )}
      <div className={surfaces.actions}>
        {preview && (
          <Button look="primary" onClick={onKorean}>
            {bulk.readAsKorean}
          </Button>
        )}
        <Button onClick={onBack}>{bulk.back}</Button>
      </div>
    </section>
  );
}
