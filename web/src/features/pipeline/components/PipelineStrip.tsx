import { useId, useRef, useState } from "react";
import { reachability } from "../../../api/reachability";
import { hrefOf } from "../../../app/router";
import { saveChoice, savedChoice } from "../../../choices/choice";
import { usePassFocus } from "../../../controls/usePassFocus";
import { formatCount, formatDuration, formatTime } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useToday } from "../../../timing/useToday";
import { useStrings } from "../../strings/stringsContext";
import { usePipeline } from "../usePipeline";
import { useWaking } from "../useWaking";
import { isAnswered, isStuck, type Verdict } from "../verdict";
import { PipelineDetails } from "./PipelineDetails";
import styles from "./PipelineStrip.module.css";

/** Says whether strings get through; on request how fast, and which part is unavailable. */
export function PipelineStrip() {
  const { pipeline } = useMessages();
  const [open, setOpen] = useState(() => savedChoice("pipeline-details") === "open");
  const busy = useStrings().some(({ state }) => state === "sending" || state === "queued");
  const { verdict, probe } = usePipeline(busy || open);
  useWaking(verdict, probe);
  const detailsId = useId();
  function toggle() {
    setOpen(!open);
    saveChoice("pipeline-details", open ? "closed" : "open");
  }
  return (
    <div className={`${styles.strip} ${styles[verdict.tone]}`}>
      <div className={styles.line}>
        <span className={styles.light} aria-hidden="true" />
        <p className={styles.words}>
          <span role="status">{pipeline[verdict.name]}</span>
          {/* outside the live region: a screen reader should not read every new number */}
          <span className={styles.counts}>
            <Paused verdict={verdict} />
            <Failed verdict={verdict} />
            <Waiting verdict={verdict} />
          </span>
        </p>
        <Buttons verdict={verdict} open={open} controls={detailsId} onToggle={toggle} />
      </div>
      <div id={detailsId} hidden={!open}>
        {open && <PipelineDetails answers={isAnswered(verdict)} />}
      </div>
    </div>
  );
}

type ButtonsProps = { verdict: Verdict; open: boolean; controls: string; onToggle: () => void };

function Buttons({ verdict, open, controls, onToggle }: ButtonsProps) {
  const { details, tryNow } = useMessages().pipeline;
  const toggle = useRef<HTMLButtonElement>(null);
  const passFocus = usePassFocus(toggle);
  return (
    <>
      {isStuck(verdict) && (
        <button ref={passFocus} type="button" className={styles.button} onClick={reachability.wake}>
          {tryNow}
        </button>
      )}
      <button
        ref={toggle}
        type="button"
        className={styles.button}
        aria-expanded={open}
        aria-controls={controls}
        onClick={onToggle}
      >
        <span>{details.show}</span>
        <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false" className={styles.chevron}>
          <path d="m2.5 4.5 3.5 3.5 3.5-3.5" />
        </svg>
      </button>
    </>
  );
}

function Paused({ verdict: { paused } }: { verdict: Verdict }) {
  const language = useLanguage();
  const { pipeline } = useMessages();
  const today = useToday();
  if (!paused) return null;
  return (
    <span>{pipeline.pausedSince(formatTime(Date.parse(paused.since), today, language), paused.reason)}</span>
  );
}

function Failed({ verdict: { failed } }: { verdict: Verdict }) {
  const language = useLanguage();
  const { pipeline } = useMessages();
  return (
    failed > 0 && <a href={hrefOf({ view: "failed" })}>{pipeline.failed(formatCount(failed, language))}</a>
  );
}

function Waiting({ verdict: { tone, waiting, drainSeconds, oldestSeconds } }: { verdict: Verdict }) {
  const language = useLanguage();
  const messages = useMessages();
  // a few waiting strings are not worth mentioning while they are stored within a second or two
  if (waiting === 0 || (tone === "good" && (drainSeconds ?? 0) < 1 && oldestSeconds < 2)) return null;
  const count = formatCount(waiting, language);
  return (
    <span>
      {drainSeconds === null
        ? messages.pipeline.waiting(count)
        : messages.pipeline.waitingFor(count, formatDuration(drainSeconds * 1000, language, messages))}
    </span>
  );
}
