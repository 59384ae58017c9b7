import { type ApiError, isTooLarge } from "../../api/apiError";
import { acceptedLines, type Chunk, type RefusedLine, refusedLines, type Successors } from "./batch";
import { chunkOf, halves } from "./pieces";

/** The service's count up to a chunk whose acceptance no answer told: its strings count as waiting until all have left. */
const UNKNOWN_TOTAL = Number.MAX_SAFE_INTEGER;

/**
 * Returns what follows a chunk after a final refusal; null if the refusal is not about this chunk, or says that the
 * service has accepted other lines under its key: which of these are among them, no one knows.
 *
 * The service has kept nothing under the chunk's key, but may remember it, so that what is left gets another one.
 */
export function afterRefusal(chunk: Chunk, error: ApiError): Successors | null {
  const refused = new Map<number, string>();
  for (const { index, detail } of error.refusedItems) if (index in chunk.texts) refused.set(index, detail);
  if (refused.size > 0) return without(chunk, refused);
  const { code, detail } = error.trouble;
  if (code !== "invalid-text" && !isTooLarge(error.trouble)) return null;
  return chunk.texts.length > 1 ? { chunks: halves(chunk) } : without(chunk, new Map([[0, detail]]));
}

function without({ lines, texts }: Chunk, refused: ReadonlyMap<number, string>): Successors {
  const stays = (_: unknown, index: number) => !refused.has(index);
  const taken: RefusedLine[] = [];
  for (const [index, line] of lines.entries()) {
    const detail = refused.get(index);
    if (detail !== undefined) taken.push({ line, detail });
  }
  const left = texts.filter(stays);
  return {
    chunks: left.length > 0 ? [chunkOf(lines.filter(stays), left)] : [],
    settled: refusedLines(taken),
  };
}

/** Returns what follows a chunk of which the service has the lines with an id here. */
export function withoutKept({ lines, texts }: Chunk, ids: readonly (string | undefined)[]): Successors {
  const isLeft = (_: unknown, index: number) => ids[index] === undefined;
  const isKept = (_: unknown, index: number) => ids[index] !== undefined;
  const kept = lines.filter(isKept);
  const left = texts.filter(isLeft);
  const settled = acceptedLines(
    { number: kept[0] ?? 0, lines: kept },
    ids.filter((id) => id !== undefined),
    UNKNOWN_TOTAL,
  );
  return { chunks: left.length > 0 ? [chunkOf(lines.filter(isLeft), left)] : [], settled };
}
