import { useEffect, useSyncExternalStore } from "react";
import { announce } from "../../../announcer/announce";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import { useLines } from "../draft";

/** Says, beside a batch, that this tab keeps lines that were chosen or typed and are not part of it, if it does. */
export function KeptLines({ moved }: { moved: boolean }) {
  const { bulk } = useMessages();
  const { choice } = useBatchParts();
  const { step } = useSyncExternalStore(choice.subscribe, choice.snapshot);
  const [lines] = useLines();
  const words = step === "choose" && lines === "" ? null : bulk.kept;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the batch takes the place of the lines
  useEffect(() => {
    if (moved && words) announce(words);
  }, []);

  return words && <p className={surfaces.note}>{words}</p>;
}
