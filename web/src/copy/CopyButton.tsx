import { useEffect, useState } from "react";
import { announce } from "../announcer/announce";
import { useMessages } from "../i18n/language";
import { copyText } from "./copyText";

const SHOWN = 2_000;

type Outcome = "copied" | "failed";

type Props = { text: string; label?: string; className?: string | undefined };

/** Copies a text; its label shows the result for a moment, and screen readers announce it once. */
export function CopyButton({ text, label, className }: Props) {
  const { copy: words } = useMessages();
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SHOWN);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    const result = (await copyText(text)) ? "copied" : "failed";
    setOutcome(result);
    announce(words[result]);
  }

  return (
    <button type="button" className={className} onClick={() => void copy()}>
      {outcome === null ? (label ?? words.copy) : words[outcome]}
    </button>
  );
}
