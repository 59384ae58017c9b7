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

/** From a field or a file to lines that are ready to be sent. */
export function Chooser({ takesFocus, onAct }: { takesFocus: boolean; onAct: () => void }) {
  const { many } = useMessages();
  const { batches } = useBatchParts();
  const [draft, setDraft] = useDraft(DRAFT);
  const steps = useReading();
  const { current, read, choose } = steps;

  async function send(name: string | null, lines: Lines) {
    const begun = await batches.begin(name, lines);
    if (begun && name === null) setDraft("");
    if (!begun) announce(many.otherBatch);
  }

  function back() {
    onAct();
    choose();
  }

  if (current.step === "choose") {
    return (
      <LinesForm
        text={draft}
        onText={setDraft}
        fault={current.fault}
        takesFocus={takesFocus}
        onRead={(source) => {
          onAct();
          read(source);
        }}
        onFault={choose}
      />
    );
  }
  const { name } = current.source;
  if (current.step === "reading") return <ReadingPanel name={name} part={current.part} onStop={back} />;
  if (current.reading.kind === "not-utf-8") {
    const asKorean = () => read(current.source, "euc-kr");
    return <NotUtf8 name={name} reading={current.reading} onKorean={asKorean} onBack={back} />;
  }
  const { reading } = current;
  return <Review name={name} lines={reading} onSend={() => send(name, reading)} onBack={back} />;
}
