import type { Schema } from "../../../api/schema";
import { hrefOf } from "../../../app/router";
import type { Messages } from "../../../i18n/en";
import { formatCount, formatDuration, formatRate, formatTime } from "../../../i18n/format";
import { type Language, useLanguage, useMessages } from "../../../i18n/language";
import { useToday } from "../../../timing/useToday";
import { usePipelineData } from "../usePipelineData";
import styles from "./PipelineDetails.module.css";
import { RateChart } from "./RateChart";

/** The figures behind the verdict, and the state of each part of the pipeline. */
export function PipelineDetails({ answers }: { answers: boolean }) {
  const language = useLanguage();
  const messages = useMessages();
  const { details } = messages.pipeline;
  const pipeline = usePipelineData();
  if (!answers) return <p className={styles.noFigures}>{details.noFigures}</p>;
  if (!pipeline) return null;
  return (
    <div className={styles.details}>
      <Figures pipeline={pipeline} />
      <RateChart stored={pipeline.stored_recently} />
      <dl className={styles.parts}>
        <Part name={details.journal} part={pipeline.journal} />
        <Part name={workersName(pipeline, language, messages)} part={pipeline.workers} />
        <Part name={details.database} part={pipeline.database} />
      </dl>
    </div>
  );
}

function Figures({ pipeline }: { pipeline: Schema<"Pipeline"> }) {
  const language = useLanguage();
  const messages = useMessages();
  const { details } = messages.pipeline;
  const count = (value: number | null) => (value === null ? details.notKnown : formatCount(value, language));
  const duration = (seconds: number | null) =>
    seconds === null ? details.notKnown : formatDuration(seconds * 1000, language, messages);
  const waits = pipeline.waiting !== 0;
  const rate = pipeline.stored_per_second;
  return (
    <dl className={styles.figures}>
      <Figure name={details.waiting} value={count(pipeline.waiting)} />
      <Figure name={details.oldest} value={waits ? duration(pipeline.oldest_seconds) : details.nothing} />
      <Figure name={details.rate} value={rate === null ? details.notKnown : formatRate(rate, language)} />
      <Figure name={details.left} value={waits ? duration(pipeline.drain_seconds) : details.nothing} />
      <Figure name={details.failed} value={count(pipeline.failed)} href={hrefOf({ view: "failed" })} />
    </dl>
  );
}

function Figure({ name, value, href }: { name: string; value: string; href?: string }) {
  return (
    <div className={styles.figure}>
      <dt>{name}</dt>
      <dd>{href ? <a href={href}>{value}</a> : value}</dd>
    </div>
  );
}

function workersName(
  { workers, worker_count: count }: Schema<"Pipeline">,
  language: Language,
  messages: Messages,
) {
  const { details } = messages.pipeline;
  const known = workers.status === "up" && count !== null;
  return known ? details.workersUp(formatCount(count, language)) : details.workers;
}

function Part({ name, part: { status, since } }: { name: string; part: Schema<"PartState"> }) {
  const language = useLanguage();
  const { details } = useMessages().pipeline;
  const today = useToday();
  return (
    <div className={`${styles.part} ${styles[status]}`}>
      <dt>{name}</dt>
      <dd>
        <strong className={styles.state}>{details.states[status]}</strong>
        {/* since when a part answers not every process of the service has seen */}
        {status === "away" && since !== null && (
          <span>{` ${details.since(formatTime(Date.parse(since), today, language))}`}</span>
        )}
      </dd>
    </div>
  );
}
