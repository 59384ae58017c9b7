import { useState } from "react";
import { Button } from "../../../controls/Button";
import { Dialog } from "../../../controls/Dialog";
import { StepHeading } from "../../../controls/StepHeading";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { StringText } from "../../strings/components/StringText";
import type { Lines } from "../lines";
import type { Column, Table } from "../table";
import styles from "./Bulk.module.css";
import { ColumnChoice } from "./ColumnChoice";
import { Counts } from "./Counts";
import { LineFaults } from "./LineFaults";

type Props = {
  name: string | null;
  takesFocus: boolean;
  lines: Lines;
  /** What the lines look like as a table, if they are one, and the column that was read; null for whole lines. */
  table: Table | null;
  column: Column | null;
  onColumn: (column: Column | null) => void;
  /** Whether the storage could not be read, in which the same lines may wait to be sent. */
  mayRepeat: boolean;
  saving: boolean;
  onSend: () => void;
  onBack: () => void;
};

/** Shows what was read, before any of it is sent. */
export function Review(props: Props) {
  const { name, takesFocus, lines, table, column, onColumn, mayRepeat, saving, onSend, onBack } = props;
  const { bulk } = useMessages();
  const [asking, setAsking] = useState(false);
  const { count, empty, bad, badCount, strings, examples } = lines;

  // the pressed button keeps the focus, and so is not disabled
  function send() {
    if (saving) return;
    if (mayRepeat) setAsking(true);
    else onSend();
  }

  function sendAnyway() {
    setAsking(false);
    onSend();
  }

  return (
    <section className={surfaces.panel}>
      <StepHeading className={surfaces.heading} takesFocus={takesFocus}>
        {bulk.ready(name ?? bulk.pasted)}
      </StepHeading>
      {table && <ColumnChoice table={table} column={column} disabled={saving} onColumn={onColumn} />}
      <Counts
        rows={[
          [bulk.counts.lines, count],
          [bulk.counts.empty, empty],
          [bulk.counts.bad, badCount],
          [bulk.counts.strings, strings],
        ]}
      />
      {examples.length > 0 && <Examples texts={examples} />}
      <LineFaults
        heading={bulk.badHeading(badCount)}
        count={badCount}
        faults={bad.map(({ line, fault }) => ({ line, detail: bulk.lineFaults[fault] }))}
      />
      {strings === 0 && <p className={surfaces.words}>{bulk.nothingLeft}</p>}
      <div className={surfaces.actions}>
        <Button look="primary" disabled={strings === 0} aria-disabled={saving} onClick={send}>
          {badCount > 0 ? bulk.sendWithout(strings) : bulk.send(strings)}
        </Button>
        <Button disabled={saving} onClick={onBack}>
          {bulk.back}
        </Button>
      </div>
      <p className={styles.status} aria-live="polite">
        {saving && bulk.saving}
      </p>
      {asking && (
        <Dialog
          heading={bulk.repeat.heading}
          confirm={bulk.repeat.confirm}
          cancel={bulk.repeat.cancel}
          look="danger"
          onConfirm={sendAnyway}
          onClose={() => setAsking(false)}
        >
          <p className={surfaces.words}>{bulk.repeat.hint}</p>
        </Dialog>
      )}
    </section>
  );
}

function Examples({ texts }: { texts: readonly string[] }) {
  const { bulk } = useMessages();
  return (
    <>
      <h3 className={styles.subheading}>{bulk.examples}</h3>
      <ul className={styles.preview}>
        {texts.map((text, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines may repeat and never move
          <li key={index}>
            <StringText text={text} />
          </li>
        ))}
      </ul>
    </>
  );
}
