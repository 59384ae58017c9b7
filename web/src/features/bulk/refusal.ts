import type { ApiError } from "../../api/apiError";
import { newIdempotencyKey } from "../strings/idempotencyKey";
import type { Chunk, RefusedLine } from "./batch";

/** Problems with a chunk's content: another chunk may be accepted. */
const ABOUT_CONTENT = new Set(["invalid-text", "invalid-body", "too-large", "key-reused"]);

/** Returns the rest of a chunk after a final refusal; null if the refusal is not about this chunk. */
export function withoutRefused(chunk: Chunk, { trouble, refusedItems }: ApiError): Chunk | null {
  if (refusedItems.length > 0) {
    return without(chunk, new Map(refusedItems.map(({ index, detail }) => [index, detail])));
  }
  if (!ABOUT_CONTENT.has(trouble.code)) return null;
  return without(chunk, new Map(chunk.texts.map((_, index) => [index, trouble.detail])));
}

/** The service stored nothing under the old key but remembers it, so the rest gets a new one. */
function without(chunk: Chunk, refused: ReadonlyMap<number, string>): Chunk | null {
  const stays = (_: unknown, index: number) => !refused.has(index);
  const taken: RefusedLine[] = [];
  for (const [index, detail] of refused) {
    const line = chunk.lines[index];
    if (line !== undefined) taken.push({ line, detail });
  }
  if (taken.length === 0) return null;
  return {
    number: chunk.number,
    key: newIdempotencyKey(),
    lines: chunk.lines.filter(stays),
    texts: chunk.texts.filter(stays),
    refused: [...chunk.refused, ...taken],
  };
}
