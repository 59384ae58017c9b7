import { readDraft, saveDraft } from "../strings/useDraft";

/** The names under which this tab keeps the field's text, and the id of the batch that was made of it. */
export const DRAFT = "lines";
const SENT_AS = "lines-batch";

/** Keeps a text for this view, unless another is kept; returns whether it did. */
export function keepForLines(text: string): boolean {
  if (readDraft(DRAFT) !== "") return false;
  saveDraft(DRAFT, text);
  return true;
}

/** Notes which batch the text becomes, before it is saved: the page may end at any moment. */
export function noteSending(batch: string): void {
  saveDraft(SENT_AS, batch);
}

/** Forgets the text if it became this batch. */
export function forgetSent(batch: string): void {
  if (readDraft(SENT_AS) !== batch) return;
  saveDraft(DRAFT, "");
  saveDraft(SENT_AS, "");
}
