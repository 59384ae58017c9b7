import { useEffect, useRef, useState } from "react";
import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import { delayWords } from "../../../i18n/troubles";
import { useFailed } from "../useFailed";
import { useOperation } from "../useOperation";
import { useSearch } from "../useSearch";
import { ActionBar } from "./ActionBar";
import { ConfirmDialog } from "./ConfirmDialog";
import styles from "./Failed.module.css";
import { FailedList } from "./FailedList";
import { OperationPanel } from "./OperationPanel";
import { SearchField } from "./SearchField";

type Props = { token: string; onForget: () => void; onWrong: () => void };

export function FailedLetters({ token, onForget, onWrong }: Props) {
  const messages = useMessages();
  const { failed } = messages;
  const heading = useRef<HTMLHeadingElement>(null);
  const search = useSearch();
  const list = useFailed(token, search.query);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const work = useOperation(token, () => {
    setSelected(new Set());
    list.refresh();
  });
  const { operation } = work;
  const code =
    operation.phase === "finished" && operation.trouble ? operation.trouble.code : list.trouble?.code;
  const busy = operation.phase === "collecting" || operation.phase === "working";

  // biome-ignore lint/correctness/useExhaustiveDependencies: the parent's function is a new one every time
  useEffect(() => {
    if (code === "operator-only") onWrong();
  }, [code]);

  function dismiss() {
    work.dismiss();
    heading.current?.focus();
  }

  /** The dialog has given the focus back, unless what had it is gone. */
  function closeDialog() {
    work.dismiss();
    if (document.activeElement?.matches("body, dialog *")) heading.current?.focus();
  }

  if (code === "operator-disabled") return <Disabled onAgain={list.refresh} onForget={onForget} />;
  const shown = new Set(list.letters.map(({ id }) => id));
  const chosen = [...selected].filter((id) => shown.has(id));
  return (
    <>
      <SearchField text={search.text} onText={search.setText} onForget={onForget} />
      <OperationPanel operation={operation} onStop={work.stop} onDismiss={dismiss} />
      {operation.phase === "confirming" && (
        <ConfirmDialog
          kind={operation.kind}
          count={operation.ids.length}
          onConfirm={work.confirm}
          onClose={closeDialog}
        />
      )}
      <section aria-label={failed.heading} aria-busy={list.loading}>
        <ActionBar
          heading={heading}
          total={list.total}
          query={search.query}
          chosen={chosen}
          letters={list.letters}
          busy={busy}
          onSelect={setSelected}
          onBegin={work.begin}
          onBeginAll={(kind) => work.beginAll(kind, search.query)}
          onRefresh={list.refresh}
        />
        {list.trouble && (
          <p className={styles.warning} role="alert">
            {failed.waiting(delayWords(list.trouble, messages))}
          </p>
        )}
        <FailedList
          list={list}
          query={search.query}
          selected={selected}
          busy={busy}
          onSelect={setSelected}
          onBegin={work.begin}
        />
      </section>
    </>
  );
}

function Disabled({ onAgain, onForget }: { onAgain: () => void; onForget: () => void }) {
  const { failed } = useMessages();
  return (
    <section className={styles.panel} role="alert">
      <h2 className={styles.heading}>{failed.disabled}</h2>
      <p className={styles.words}>{failed.disabledHint}</p>
      <div className={`${styles.row} ${styles.end}`}>
        <Button look="primary" onClick={onAgain}>
          {failed.again}
        </Button>
        <Button onClick={onForget}>{failed.forget}</Button>
      </div>
    </section>
  );
}
