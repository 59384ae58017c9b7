import { useState, useSyncExternalStore } from "react";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import { batchOfLines, noteSending, sentAs, useLines } from "../draft";
import type { Lines } from "../lines";
import type { How, Source } from "../readLines";
import { isUnread, type Keeping } from "../storage";
import styles from "./Bulk.module.css";
import { LinesForm } from "./LinesForm";
import { NotRead } from "./NotRead";
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
    choice.read(source, undefined, (source.name === null && batchOfLines()) || undefined);
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
  const { reading, how } = current;
  const readAs = (changed: Partial<How>) => choice.read(current.source, { ...how, ...changed });
  if (reading.kind !== "lines")
    return <NotRead {...shared} reading={reading} onKorean={() => readAs({ encoding: "euc-kr" })} />;
  const onSend = () => send(current.batch, name, reading);
  return (
    <Review
      {...shared}
      lines={reading}
      table={reading.table}
      column={how.column}
      onColumn={(column) => readAs({ column })}
      mayRepeat={isUnread(keeping)}
      saving={current.saving}
      onSend={onSend}
    />
  );
}
