/** The API's default limit. If an operator has changed it, the API's response decides. */
export const MAX_TEXT_BYTES = 64 * 1024;

export type TextFault = "nul" | "surrogate" | "too-long";

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

export function isTooLong(text: string): boolean {
  // first, because it needs no look at a text that may be long
  return text.length > MAX_TEXT_BYTES || byteLength(text) > MAX_TEXT_BYTES;
}

/** Returns why a text cannot be stored, or null. */
export function textFault(text: string): TextFault | null {
  if (isTooLong(text)) return "too-long";
  if (text.includes("\0")) return "nul";
  if (/\p{Surrogate}/u.test(text)) return "surrogate";
  return null;
}
