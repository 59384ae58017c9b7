import { Inert } from "../../../controls/Inert";
import surfaces from "../../../controls/Surface.module.css";
import { CopyButton } from "../../../copy/CopyButton";
import { useMessages } from "../../../i18n/language";
import { Note } from "../../strings/components/Note";
import { StateIcon } from "../../strings/components/StateIcon";
import { StateName } from "../../strings/components/StateName";
import days from "./HistoryDays.module.css";
import rows from "./HistoryRow.module.css";
import { HistoryTools } from "./HistoryTools";
import facts from "./StringFacts.module.css";

/** Where the texts will be, for shell.js, which shows them before the page's code has loaded. */
export function FirstTexts({ view }: { view: "history" | "string" }) {
  return <template>{view === "history" ? <FirstStrings /> : <FirstString />}</template>;
}

function FirstStrings() {
  return (
    <>
      <Inert>
        <HistoryTools query="" />
      </Inert>
      <section>
        <p className={`${days.day} invisible`}>-</p>
        <ul>
          <li className={rows.row} data-each>
            <p dir="auto" className={rows.text} translate="no" data-text />
            <Inert>
              <CopyButton text="" className={rows.copy} />
            </Inert>
            <p className={`${rows.meta} invisible`}>-</p>
          </li>
        </ul>
      </section>
    </>
  );
}

function FirstString() {
  const { notes, text } = useMessages().history.string;
  return (
    <>
      <div className={`${facts.status} invisible`}>
        <StateIcon look="stored" />
        <p>
          <StateName look="stored" />
          <Note words={notes.stored} />
        </p>
      </div>
      <section className={`${surfaces.card} ${facts.text}`} aria-label={text} data-each>
        <p dir="auto" translate="no" className={facts.whole} data-text />
      </section>
    </>
  );
}
