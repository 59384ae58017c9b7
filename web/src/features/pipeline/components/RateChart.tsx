import { formatCount } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import styles from "./RateChart.module.css";

const PERIODS = 60;
const PERIOD_SECONDS = 5;
const HEIGHT = 100;
const BAR = { pitch: 10, width: 7 };

/** A bar chart of the strings stored in each five seconds of the last five minutes. */
export function RateChart({ stored }: { stored: readonly number[] }) {
  const language = useLanguage();
  const { details } = useMessages().pipeline;
  const most = Math.max(0, ...stored);
  const total = stored.reduce((sum, count) => sum + count, 0);
  const peak = formatCount(Math.ceil(most / PERIOD_SECONDS), language);
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.caption} aria-hidden="true">
        <span>{details.chartHeading}</span>
        <span>{details.chartPeak(peak)}</span>
      </figcaption>
      <svg
        className={styles.bars}
        viewBox={`0 0 ${PERIODS * BAR.pitch} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={details.chart(formatCount(total, language), peak)}
      >
        <path d={outline(stored, most)} />
      </svg>
      <p className={styles.axis} aria-hidden="true">
        <span>{details.chartStart}</span>
        <span>{details.chartEnd}</span>
      </p>
    </figure>
  );
}

/** Returns the bars as one path, the latest rightmost; a period without strings has no bar. */
export function outline(stored: readonly number[], most: number): string {
  const first = PERIODS - stored.length;
  return stored
    .map((count, index) => {
      if (count === 0) return "";
      // even a single string is visible next to thousands
      const height = Math.max(4, Math.round((count / most) * HEIGHT));
      return `M${(first + index) * BAR.pitch} ${HEIGHT}v-${height}h${BAR.width}v${height}z`;
    })
    .join("");
}
