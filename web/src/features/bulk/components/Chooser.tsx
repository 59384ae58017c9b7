import { useEffect, useState } from "react";
import { announce } from "../../../announcer/announce";
import { useMessages } from "../../../i18n/language";
import { newIdempotencyKey } from "../../strings/idempotencyKey";
import { useDraft } from "../../strings/useDraft";
import type { Keeping } from "../batches";
import { useBatchParts } from "../batchParts";
import { DRAFT, noteSending } from "../draft";
import { askBeforeLeaving } from "../leaving";
import type { Lines } from "../lines";
import { useReading } from "../useReading";
import styles from "./Bulk.module.css";
import { LinesForm } from "./LinesForm";
import { NotUtf8 } from "./NotUtf8";
import { ReadingPanel } from "./ReadingPanel";
import { Review } from "./Review";

/** Turns the text of a field or a file into lines ready to be sent. */
export function Chooser({ keeping, moved }: { keeping: Keeping; moved: boolean }) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const [draft, setDraft, isSaved] = useDraft(DRAFT);
  const { current, read, choose } = useReading();
  const [left, setLeft] = useState(false);
  useEffect(() => askBeforeLeaving(() => !isSaved), [isSaved]);

  async function send(name: string | null, lines: Lines) {
    const id = newIdempotencyKey();
    if (name === null) noteSending(id);
    // if the storage fails, that is shown above
    const begun = await batches.begin(id, name, lines).catch(() => null);
    if (begun === false) announce(bulk.otherBatch);
  }

  if (current.step === "choose") {
    return (
      <>
        {keeping === "silent" && <p className={styles.warning}>{bulk.silent}</p>}
        <LinesForm
          text={draft}
          onText={setDraft}
          fault={current.fault}
          takesFocus={moved || left}
          onRead={(source) => {
            setLeft(true);
            read(source);
          }}
          onFault={choose}
        />
      </>
    );
  }
  const { name } = current.source;
  if (current.step === "reading")
    return <ReadingPanel name={name} part={current.part} onStop={() => choose()} />;
  if (current.reading.kind === "not-utf-8") {
    const asKorean = () => read(current.source, "euc-kr");
    return <NotUtf8 name={name} reading={current.reading} onKorean={asKorean} onBack={() => choose()} />;
  }
  const { reading } = current;
  return <Review name={name} lines={reading} onSend={() => send(name, reading)} onBack={() => choose()} />;
}
