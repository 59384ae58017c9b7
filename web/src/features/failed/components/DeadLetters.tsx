import { useEffect, useRef } from "react";
import { focusViewHeading } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import { PipelineWatch } from "../../pipeline/PipelineWatch";
import { useDeadLetters } from "../useDeadLetters";
import { ActionBar } from "./ActionBar";
import { ConfirmDialog } from "./ConfirmDialog";
import { Disabled } from "./Disabled";
import styles from "./Failed.module.css";
import { FailedList } from "./FailedList";
import { Reasons } from "./Reasons";
import { MAX_QUERY_LENGTH, SearchField } from "./SearchField";

type Props = { token: string; onForget: () => void; onWrong: () => void };

export function DeadLetters({ token, onForget, onWrong }: Props) {
  const messages = useMessages();
  const { failed } = messages;
  const heading = useRef<HTMLHeadingElement>(null);
  const rows = useRef<HTMLUListElement>(null);
  const work = useDeadLetters(token, () => isRead(rows.current));
  const { search, list, reasons, refresh, question, busy, begin } = work;
  const troubleCode = list.trouble?.code;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the parent passes a new function on every render
  useEffect(() => {
    if (troubleCode === "operator-only") onWrong();
  }, [troubleCode]);

  function tryAgain() {
    focusViewHeading();
    refresh();
  }

  /** Moves focus to the heading if the dialog could not return it because that element is gone. */
  function closeDialog() {
    work.cancel();
    if (document.activeElement?.matches("body, dialog *")) heading.current?.focus();
  }

  if (troubleCode === "operator-disabled") return <Disabled onAgain={tryAgain} onForget={onForget} />;
  const { deadLetters, hasMore } = list;
  const choice = { query: search.query, busy, onSelect: work.setSelected };
  return (
    <>
      <PipelineWatch />
      <SearchField text={search.text} onText={search.setText} onForget={onForget} />
      {question && (
        <ConfirmDialog job={question} count={work.count} onConfirm={work.confirm} onClose={closeDialog} />
      )}
      {reasons.pending && !list.trouble ? (
        <p className={styles.loading}>{messages.shell.loading}</p>
      ) : (
        <>
          <Reasons
            reasons={reasons}
            busy={busy}
            onSearch={(reason) => search.setText([...reason].slice(0, MAX_QUERY_LENGTH).join(""))}
            onBegin={begin}
          />
          <section aria-label={failed.heading} aria-busy={list.loading}>
            <ActionBar
              heading={heading}
              {...{ deadLetters, hasMore }}
              total={work.total}
              {...choice}
              chosen={work.chosen}
              outdated={work.outdated}
              onBegin={begin}
              onRefresh={refresh}
            />
            {list.trouble && (
              <p className={styles.warning} role="alert">
                {failed.waiting(delayWords(list.trouble, messages))}
              </p>
            )}
            <FailedList
              rows={rows}
              list={list}
              {...choice}
              selected={new Set(work.chosen)}
              onBegin={(kind, ids) => begin(kind, { ids })}
            />
          </section>
        </>
      )}
    </>
  );
}

/** Whether the rows are being read: the reader has scrolled into them, or the focus is within. */
function isRead(rows: HTMLElement | null): boolean {
  return rows !== null && (rows.getBoundingClientRect().top < 0 || rows.contains(document.activeElement));
}
