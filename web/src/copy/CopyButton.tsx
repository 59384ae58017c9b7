import { useEffect, useRef, useState } from "react";
import { announce } from "../announcer/announce";
import { useMessages } from "../i18n/language";
import { type Copied, copyText } from "./copyText";

const SHOWN = 2_000;

type Outcome = "copied" | "failed" | "again";

type Props = { text: Copied; label?: string; className?: string | undefined };

/** Copies a text; its label shows the result for a moment, and screen readers announce it once. */
export function CopyButton({ text, label, className }: Props) {
  const { copy: words } = useMessages();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const fetched = useRef<string>(null);

  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SHOWN);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function fetchText(fetch: () => Promise<string>): Promise<string> {
    fetched.current = await fetch();
    return fetched.current;
  }

  async function copy() {
    const ready = fetched.current;
    const result = await copyText(typeof text === "string" ? text : (ready ?? (() => fetchText(text)))).then(
      () => "copied" as const,
      // the text may have come too late for this click, but is here for the next one
      () => (ready === null && fetched.current !== null ? "again" : "failed"),
    );
    setOutcome(result);
    announce(words[result]);
  }

  return (
    <button type="button" className={className} onClick={() => void copy()}>
      {outcome === null ? (label ?? words.copy) : words[outcome]}
    </button>
  );
}
