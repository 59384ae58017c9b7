import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { PipelineWatch } from "../../pipeline/PipelineWatch";
import { usePipelineData } from "../../pipeline/usePipelineData";

/** Roughly how many of the accepted strings have left the journal, if the pipeline's state is known. */
export function StoredSoFar({ accepted, acceptedTotal }: { accepted: number; acceptedTotal: number }) {
  const { bulk } = useMessages();
  const settled = usePipelineData()?.settled_total ?? null;
  if (accepted === 0) return null;
  const waiting = settled === null ? null : Math.min(accepted, Math.max(0, acceptedTotal - settled));
  return (
    <>
      {waiting !== 0 && <PipelineWatch />}
      {waiting !== null && (
        <p className={surfaces.words}>
          {waiting === 0 ? bulk.allSettled : bulk.settledSoFar(accepted - waiting, accepted)}
        </p>
      )}
    </>
  );
}
