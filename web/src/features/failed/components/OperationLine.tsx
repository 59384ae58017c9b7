import { type RefObject, useEffect, useRef } from "react";
import { hrefOf, useRoute } from "../../../app/router";
import { focusViewHeading } from "../../../app/ViewHead";
import { Button } from "../../../controls/Button";
import { Progress } from "../../../controls/Progress";
import surfaces from "../../../controls/Surface.module.css";
import textButton from "../../../controls/TextButton.module.css";
import { useMessages } from "../../../i18n/language";
import { useCurrent } from "../../pipeline/useVerdict";
import type { Operation } from "../operation";
import { operations } from "../operations";
import { progressWords, resultWords, runningWords } from "../operationWords";
import { useOperation } from "../useOperation";
import { DoTheRest } from "./DoTheRest";
import styles from "./OperationLine.module.css";

const FAILED = hrefOf({ view: "failed" });

/** Progress and result of the operation on dead letters, in every view. */
export function OperationLine() {
  const operation = useOperation();
  return operation && <Line operation={operation} />;
}

function Line({ operation }: { operation: Operation }) {
  const messages = useMessages();
  const { failed, shell } = messages;
  const { view } = useRoute();
  const words = useRef<HTMLParagraphElement>(null);
  const running = operation.phase === "running";
  const waitsFor = useCurrent(running ? operation.waitsFor : null);
  useFocus(words, running);
  return (
    <section className={`${surfaces.card} ${styles.line}`} aria-label={failed.operation}>
      <p ref={words} tabIndex={-1} role="status" className={styles.title}>
        {running ? runningWords({ ...operation, waitsFor }, messages) : resultWords(operation, messages)}
      </p>
      {running && <Bar operation={operation} />}
      {/* outside the live region: a screen reader should not read every new number */}
      {running && <p className={styles.words}>{progressWords(operation, failed)}</p>}
      {operation.job.kind === "retry" && !running && <p className={styles.words}>{failed.retryHint}</p>}
      <div className={styles.actions}>
        <Actions operation={operation} />
        {view !== "failed" && (
          <a className={textButton.button} href={FAILED}>
            {shell.views.failed}
          </a>
        )}
      </div>
    </section>
  );
}

/** Focuses the words when the operator begins an operation, or when the button that had the focus is gone. */
function useFocus(words: RefObject<HTMLElement | null>, running: boolean) {
  const ran = useRef(running);
  useEffect(() => {
    if (running) words.current?.focus();
    else if (ran.current && document.activeElement === document.body)
      words.current?.focus({ preventScroll: true });
    ran.current = running;
  }, [words, running]);
}

function Bar({ operation: { tally } }: { operation: Operation }) {
  const { failed } = useMessages();
  const { left, total } = tally;
  const known = left !== null && total !== null && total > 0;
  return <Progress label={failed.progress} {...(known && { max: total, value: total - left })} />;
}

function Actions({ operation }: { operation: Operation }) {
  const { failed } = useMessages();
  if (operation.phase === "running")
    return (
      <Button key="stop" size="small" onClick={() => operations.stop()}>
        {operation.stopping ? failed.stopping : failed.stop}
      </Button>
    );
  return (
    <>
      {operation.end !== "complete" && <DoTheRest key="rest" operation={operation} />}
      <Button key="close" size="small" onClick={dismiss}>
        {failed.dismiss}
      </Button>
    </>
  );
}

function dismiss() {
  operations.dismiss();
  focusViewHeading();
}
