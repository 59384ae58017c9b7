import { useEffect, useRef } from "react";
import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import { useDeadLetters } from "../useDeadLetters";
import { ActionBar } from "./ActionBar";
import { ConfirmDialog } from "./ConfirmDialog";
import { Disabled } from "./Disabled";
import styles from "./Failed.module.css";
import { FailedList } from "./FailedList";
import { OperationPanel } from "./OperationPanel";
import { SearchField } from "./SearchField";

type Props = { token: string; onForget: () => void; onWrong: () => void };

export function DeadLetters({ token, onForget, onWrong }: Props) {
  const messages = useMessages();
  const { failed } = messages;
  const heading = useRef<HTMLHeadingElement>(null);
  const { search, list, work, selected, setSelected, chosen, busy, troubleCode } = useDeadLetters(token);
  const { operation } = work;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the parent passes a new function on every render
  useEffect(() => {
    if (troubleCode === "operator-only") onWrong();
  }, [troubleCode]);

  function dismiss() {
    work.dismiss();
    heading.current?.focus();
  }

  /** Moves focus to the heading if the dialog could not return it because that element is gone. */
  function closeDialog() {
    work.dismiss();
    if (document.activeElement?.matches("body, dialog *")) heading.current?.focus();
  }

  if (troubleCode === "operator-disabled") return <Disabled onAgain={list.refresh} onForget={onForget} />;
  const { kind, ids } = operation.phase === "confirming" ? operation : { kind: null, ids: [] };
  const choice = { query: search.query, busy, onSelect: setSelected, onBegin: work.begin };
  return (
    <>
      <SearchField text={search.text} onText={search.setText} onForget={onForget} />
      <OperationPanel operation={operation} onStop={work.stop} onDismiss={dismiss} />
      {kind && (
        <ConfirmDialog kind={kind} count={ids.length} onConfirm={work.confirm} onClose={closeDialog} />
      )}
      <section aria-label={failed.heading} aria-busy={list.loading}>
        <ActionBar
          heading={heading}
          total={list.total}
          deadLetters={list.deadLetters}
          chosen={chosen}
          {...choice}
          onBeginAll={(all) => work.beginAll(all, search.query)}
          onRefresh={list.refresh}
        />
        {list.trouble && (
          <p className={styles.warning} role="alert">
            {failed.waiting(delayWords(list.trouble, messages))}
          </p>
        )}
        <FailedList list={list} selected={selected} {...choice} />
      </section>
    </>
  );
}
