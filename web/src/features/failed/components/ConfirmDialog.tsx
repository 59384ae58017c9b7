import { useState } from "react";
import { Dialog } from "../../../controls/Dialog";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { PipelineWatch } from "../../pipeline/PipelineWatch";
import { useCurrentPipeline } from "../../pipeline/usePipelineData";
import { isAll, type Job, type Target } from "../operation";
import { targetWords } from "../operationWords";
import { ReasonField } from "./ReasonField";

type Props = {
  job: Job;
  /** How many strings it is about, or null if that is not known; of all, the pipeline's number is shown. */
  count: number | null;
  onConfirm: (job: Job) => void;
  onClose: () => void;
};

/** Asks for confirmation, and for the reason before strings are discarded. */
export function ConfirmDialog({ job: { kind, target, why }, count, onConfirm, onClose }: Props) {
  const { failed } = useMessages();
  const [reason, setReason] = useState(why);
  const [missing, setMissing] = useState(false);
  const needsReason = kind === "discard";

  function change(changed: string) {
    setReason(changed);
    setMissing(false);
  }

  function confirm(form: HTMLFormElement) {
    const given = reason.trim();
    if (needsReason && given === "") {
      setMissing(true);
      form.querySelector("textarea")?.focus();
    } else onConfirm({ kind, target, why: given });
  }

  return (
    <Dialog
      heading={failed.confirm[kind](targetWords(target, count ?? 0, failed))}
      confirm={failed.confirmed[kind]}
      look={needsReason ? "danger" : "primary"}
      cancel={failed.cancel}
      onConfirm={confirm}
      onClose={onClose}
    >
      {!("ids" in target) && <Present target={target} count={count} />}
      <p className={surfaces.words}>{failed.confirmHint[kind]}</p>
      {needsReason && <ReasonField reason={reason} missing={missing} onReason={change} />}
    </Dialog>
  );
}

/** How many strings it is about at present: that may change while the question is open. */
function Present({ target, count }: { target: Target; count: number | null }) {
  const { failed } = useMessages();
  const all = useCurrentPipeline()?.failed ?? null;
  return (
    <>
      <PipelineWatch />
      <p className={surfaces.words}>{failed.present(isAll(target) ? all : count)}</p>
    </>
  );
}
