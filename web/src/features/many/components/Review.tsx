import { useState } from "react";
import { Button } from "../../../controls/Button";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { StringText } from "../../strings/components/StringText";
import type { Lines } from "../lines";
import { Counts } from "./Counts";
import { LineFaults } from "./LineFaults";
import styles from "./Many.module.css";

type Props = { name: string | null; lines: Lines; onSend: () => Promise<void>; onBack: () => void };

/** What was read, before any of it is sent. */
export function Review({ name, lines, onSend, onBack }: Props) {
  const { many } = useMessages();
  const [sending, setSending] = useState(false);
  const { count, empty, bad, badCount, strings, examples } = lines;

  async function send() {
    setSending(true);
    await onSend().finally(() => setSending(false));
  }

  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading}>{many.ready(name ?? many.pasted)}</StepHeading>
      <Counts
        rows={[
          [many.counts.lines, count],
          [many.counts.empty, empty],
          [many.counts.bad, badCount],
          [many.counts.strings, strings],
        ]}
      />
      {examples.length > 0 && <Examples texts={examples} />}
      <LineFaults
        heading={many.badHeading(badCount)}
        count={badCount}
        faults={bad.map(({ line, fault }) => ({ line, detail: many.lineFaults[fault] }))}
      />
      {strings === 0 && <p className={surfaces.words}>{many.nothingLeft}</p>}
      <div className={surfaces.actions}>
        <Button look="primary" disabled={sending || strings === 0} onClick={() => void send()}>
          {badCount > 0 ? many.sendWithout(strings) : many.send(strings)}
        </Button>
        <Button onClick={onBack}>{many.back}</Button>
      </div>
    </section>
  );
}

function Examples({ texts }: { texts: readonly string[] }) {
  const { many } = useMessages();
  return (
    <>
      <h3 className={styles.subheading}>{many.examples}</h3>
      <ul className={styles.preview}>
        {texts.map((text, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines may be alike and never move
          <li key={index}>
            <StringText text={text} />
          </li>
        ))}
      </ul>
    </>
  );
}
