import { hrefOf } from "../../../app/router";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { PipelineWatch } from "../../pipeline/PipelineWatch";
import type { Progress } from "../progress";
import { useFates } from "../useFates";

/** How many of the accepted strings are stored or failed, as far as the service has said. */
export function StoredSoFar({ progress }: { progress: Progress }) {
  const { bulk } = useMessages();
  useFates(progress);
  const { accepted, stored, failed, gone } = progress;
  if (accepted === 0) return null;
  const open = accepted - stored - failed - gone;
  const isOver = progress.pending.length === 0 && stored === accepted;
  return (
    <>
      {stored < accepted && <PipelineWatch />}
      <p className={surfaces.words}>{isOver ? bulk.allStored : bulk.fates(stored, failed, open)}</p>
      {gone > 0 && <p className={surfaces.words}>{bulk.gone(gone)}</p>}
      {failed > 0 && (
        <p className={surfaces.words}>
          <a href={hrefOf({ view: "failed" })}>{bulk.seeFailed}</a>
        </p>
      )}
    </>
  );
}
