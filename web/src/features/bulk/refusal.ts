import type { ApiError } from "../../api/apiError";
import { newIdempotencyKey } from "../strings/idempotencyKey";
import type { Chunk, RefusedLine } from "./batch";

/** Answers about a chunk's content: another chunk may well be taken. */
const ABOUT_CONTENT = new Set(["invalid-text", "invalid-body", "too-large", "key-reused"]);

/** What is left of a chunk after a definite refusal; null where the refusal is not about this chunk. */
export function withoutRefused(chunk: Chunk, { trouble, refusedItems }: ApiError): Chunk | null {
  if (refusedItems.length > 0) {
    return without(chunk, new Map(refusedItems.map(({ index, detail }) => [index, detail])));
  }
  if (!ABOUT_CONTENT.has(trouble.code)) return null;
  return without(chunk, new Map(chunk.texts.map((_, index) => [index, trouble.detail])));
}

/** Nothing was kept under the old key, and the service knows it: what is left gets another one. */
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
