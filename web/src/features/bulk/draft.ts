import { newIdempotencyKey } from "../strings/idempotencyKey";
import { readDraft, saveDraft, useDraft } from "../strings/useDraft";
import { fingerprint } from "./fingerprint";

/** The names under which this tab keeps the field's lines, and the id of the batch that was made of them. */
const DRAFT = "lines";
const SENT_AS = "lines-batch";

/**
 * Lines are kept with a nonce, in one entry: a copy of this tab, and one that restores an older state of it, have both.
 * An older page reads the nonce as a line with NUL, which it does not send; what it has kept has none.
 */
const WITH_NONCE = /^\0(.{36})\n/;

let known: { entry: string; batch: string } | null = null;

/** The field's lines; their nonce is theirs until the field is empty. */
export function useLines(): [string, (text: string) => void] {
  const [entry] = useDraft(DRAFT);
  return [entry.replace(WITH_NONCE, ""), saveLines];
}

export function hasLines(): boolean {
  return readDraft(DRAFT) !== "";
}

/** Keeps a text for this view, unless another is kept; returns whether it did. */
export function keepForLines(text: string): boolean {
  if (hasLines()) return false;
  saveLines(text);
  return true;
}

/** Gives a nonce to lines that an older page kept. */
export function adoptLines(): void {
  const entry = readDraft(DRAFT);
  if (entry !== "" && !WITH_NONCE.test(entry)) saveDraft(DRAFT, withNonce(newIdempotencyKey(), entry));
}

/** Returns the id of the batch that the lines become, in this tab and in each copy of it that has the same; null if there are none. */
export function batchOfLines(): string | null {
  const entry = readDraft(DRAFT);
  if (entry === "") return null;
  if (known?.entry !== entry) known = { entry, batch: `${nonceOf(entry)}:${fingerprint(entry)}` };
  return known.batch;
}

/** Notes which batch the lines become, before it is saved: the page may end at any moment, and the storage may be slow. */
export function noteSending(batch: string): void {
  saveDraft(SENT_AS, batch);
}

/** Returns the batch that this tab may have made of the lines; null if it did not, or they have been changed since. */
export function sentAs(): string | null {
  return readDraft(SENT_AS) || null;
}

/** Forgets the lines if they became one of these batches. */
export function forgetSent(batches: readonly string[]): void {
  if (batches.length === 0) return;
  const ids = [sentAs(), batchOfLines()];
  if (batches.some((batch) => ids.includes(batch))) saveLines("");
}

function saveLines(text: string): void {
  const nonce = nonceOf(readDraft(DRAFT)) ?? newIdempotencyKey();
  saveDraft(SENT_AS, "");
  saveDraft(DRAFT, text === "" ? "" : withNonce(nonce, text));
}

function nonceOf(entry: string): string | undefined {
  return WITH_NONCE.exec(entry)?.[1];
}

function withNonce(nonce: string, text: string): string {
  return `\0${nonce}\n${text}`;
}
