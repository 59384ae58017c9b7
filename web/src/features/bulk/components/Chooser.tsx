import { useState, useSyncExternalStore } from "react";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import type { Source } from "../choice";
import { batchOfLines, noteSending, sentAs, useLines } from "../draft";
import type { Lines } from "../lines";
import { isUnread, type Keeping } from "../storage";
import styles from "./Bulk.module.css";
import { LinesForm } from "./LinesForm";
import { NotUtf8 } from "./NotUtf8";
import { ReadingPanel } from "./ReadingPanel";
import { Review } from "./Review";

/** Turns the text of a field or a file into lines ready to be sent. */
export function Chooser({ keeping, moved }: { keeping: Keeping; moved: boolean }) {
  const { bulk } = useMessages();
  const { batches, choice } = useBatchParts();
  const [draft, setDraft] = useLines();
  const current = useSyncExternalStore(choice.subscribe, choice.snapshot);
  const [trail, setTrail] = useState({ step: current.step, moved });
  if (trail.step !== current.step) setTrail({ step: current.step, moved: true });
  const takesFocus = trail.moved;
  // the storage that would say whether the text became a batch cannot be read
  const [unsure, setUnsure] = useState(keeping !== "kept" && draft !== "" && sentAs() !== null);

  function send(batch: string, name: string | null, lines: Lines) {
    if (name === null) noteSending(batch);
    // if the storage fails, or another tab was faster, this view says so, and keeps the lines
    void choice.saving(batches.tryToBegin(batch, name, lines));
  }

  function changeText(text: string) {
    setDraft(text);
    setUnsure(false);
    // what was wrong is about an earlier file or text
    choice.reset();
  }

  function read(source: Source) {
    choice.read(source, "utf-8", (source.name === null && batchOfLines()) || undefined);
  }

  if (current.step === "choose") {
    return (
      <>
        {unsure && <p className={styles.warning}>{bulk.unsure}</p>}
        {isUnread(keeping) && !unsure && <p className={styles.warning}>{bulk.unread[keeping]}</p>}
        <LinesForm
          text={draft}
          unsure={unsure}
          onUseAnyway={() => setUnsure(false)}
          onText={changeText}
          fault={current.fault}
          takesFocus={takesFocus}
          onRead={read}
          onFault={(fault) => choice.reset(fault)}
        />
      </>
    );
  }
  const { name } = current.source;
  const shared = { name, takesFocus, onBack: () => choice.reset() };
  if (current.step === "reading") return <ReadingPanel {...shared} part={current.part} />;
  const { reading } = current;
  if (reading.kind !== "lines") {
    const asKorean = () => choice.read(current.source, "euc-kr");
    return <NotUtf8 {...shared} reading={reading} onKorean={asKorean} />;
  }
  const onSend = () => send(current.batch, name, reading);
  return (
    <Review
      {...shared}
      lines={reading}
      mayRepeat={isUnread(keeping)}
      saving={current.saving}
      onSend={onSend}
    />
  );
}
