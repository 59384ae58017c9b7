import type { ClipboardEvent } from "react";

/** Characters that a field holds without becoming slow. */
export const LONG_TEXT = 128 * 1024;

/** Returns what a field will hold when the browser has pasted into it. */
export function textAfterPaste({
  currentTarget,
  clipboardData,
}: ClipboardEvent<HTMLTextAreaElement>): string {
  const { value, selectionStart, selectionEnd } = currentTarget;
  const pasted = inField(clipboardData.getData("text/plain"));
  return value.slice(0, selectionStart) + pasted + value.slice(selectionEnd);
}

/** Returns a text as a field holds it, which knows one line end only. */
export function inField(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}
