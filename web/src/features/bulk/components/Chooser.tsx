import { useState } from "react";
import { announce } from "../../../announcer/announce";
import { useMessages } from "../../../i18n/language";
import { useDraft } from "../../strings/useDraft";
import { useBatchParts } from "../batchParts";
import type { Lines } from "../lines";
import { useReading } from "../useReading";
import { LinesForm } from "./LinesForm";
import { NotUtf8 } from "./NotUtf8";
import { ReadingPanel } from "./ReadingPanel";
import { Review } from "./Review";

const DRAFT = "lines";

/** Turns the text of a field or a file into lines ready to be sent. */
export function Chooser({ moved }: { moved: boolean }) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();
  const [draft, setDraft] = useDraft(DRAFT);
  const { current, read, choose } = useReading();
  const [left, setLeft] = useState(false);

  async function send(name: string | null, lines: Lines) {
    const begun = await batches.begin(name, lines);
    if (begun && name === null) setDraft("");
    if (!begun) announce(bulk.otherBatch);
  }

  if (current.step === "choose") {
    return (
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
