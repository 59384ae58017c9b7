import { readDraft, saveDraft } from "../strings/useDraft";

/** The names under which this tab keeps the field's text, and the id of the batch that was made of it. */
export const DRAFT = "lines";
const SENT_AS = "lines-batch";

/** Keeps a text for this view, unless another is kept; returns whether it did. */
export function keepForLines(text: string): boolean {
  if (readDraft(DRAFT) !== "") return false;
  noteChange();
  saveDraft(DRAFT, text);
  return true;
}

/** Notes which batch the text becomes, before it is saved: the page may end at any moment, and the storage may be slow. */
export function noteSending(batch: string): void {
  saveDraft(SENT_AS, batch);
}

/** Returns the batch that this text may have become; null if it was not sent, or has been changed since. */
export function sentAs(): string | null {
  return readDraft(SENT_AS) || null;
}

/** Notes that the text is no longer what was sent. */
export function noteChange(): void {
  saveDraft(SENT_AS, "");
}

/** Forgets the text if it became one of these batches. */
export function forgetSent(batches: readonly string[]): void {
  if (!batches.includes(readDraft(SENT_AS))) return;
  saveDraft(DRAFT, "");
  saveDraft(SENT_AS, "");
}
