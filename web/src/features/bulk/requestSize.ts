import { byteLength } from "../strings/text";

/** The limits of a request; the service accepts more. */
export const MAX_CHUNK_LINES = 2_000;
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** Returns how many bytes a text takes in the body of a request, with the comma. */
export function sizeInBody(text: string): number {
  return byteLength(JSON.stringify(text)) + 1;
}
