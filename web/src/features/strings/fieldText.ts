import type { ClipboardEvent, DragEvent } from "react";

/**
 * What a field holds without becoming slow, in UTF-16 code units and in lines: laying out many short lines takes
 * seconds, and at every reload again.
 */
export const MAX_FIELD_LENGTH = 128 * 1024;
export const MAX_FIELD_LINES = 1000;

/** Whether a field can hold a text, wherever that comes from: typed, pasted, dropped, or kept from an earlier visit. */
export function fitsField(text: string): boolean {
  return text.length <= MAX_FIELD_LENGTH && linesIn(text) <= MAX_FIELD_LINES;
}

export function linesIn(text: string): number {
  let lines = text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** Returns what a field will hold when the browser has pasted into it. */
export function textAfterPaste({
  currentTarget,
  clipboardData,
}: ClipboardEvent<HTMLTextAreaElement>): string {
  const { value, selectionStart, selectionEnd } = currentTarget;
  const pasted = inField(clipboardData.getData("text/plain"));
  return value.slice(0, selectionStart) + pasted + value.slice(selectionEnd);
}

/** Returns a dropped text; an empty one if it is the field's own selection, which the browser moves within the field. */
export function droppedText({ target, dataTransfer }: DragEvent): string {
  const dropped = inField(dataTransfer.getData("text/plain"));
  if (!(target instanceof HTMLTextAreaElement)) return dropped;
  return dropped === target.value.slice(target.selectionStart, target.selectionEnd) ? "" : dropped;
}

/** Returns a text as a field holds it, which knows one line end only. */
function inField(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}
