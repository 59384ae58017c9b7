/** The API's default limit. Where an operator has changed it, the API's own answer decides. */
export const MAX_TEXT_BYTES = 64 * 1024;

export type TextFault = "nul" | "surrogate" | "too-long";

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Says why a text cannot be stored, before it is sent; null when it can. */
export function textFault(text: string): TextFault | null {
  if (text.includes("\0")) return "nul";
  if (/\p{Surrogate}/u.test(text)) return "surrogate";
  return byteLength(text) > MAX_TEXT_BYTES ? "too-long" : null;
}
