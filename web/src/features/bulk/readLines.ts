import { decoded, type Encoding, NotInEncoding, utf8FaultIn } from "./decode";
import { type LineEnd, LineSplitter } from "./lineSplitter";
import { LineReader, type Lines } from "./lines";
import { lineEndOf, looksLikeUtf16 } from "./textFormat";

export const MAX_FILE_BYTES = 20 * 1024 * 1024;
const PREVIEW_LINES = 5;
const PREVIEW_LENGTH = 80;

/** A file's lines; if it is not UTF-8, a preview as Korean text, where it is valid as that. */
export type Reading =
  | ({ kind: "lines" } & Lines)
  | { kind: "utf-16" }
  | { kind: "not-utf-8"; position: number; preview: string[] | null };

/** Reads a file; `onProgress` receives the fraction read. */
export async function readLines(
  blob: Blob,
  encoding: Encoding,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Reading> {
  if (await looksLikeUtf16(blob)) return { kind: "utf-16" };
  const end = await lineEndOf(blob, signal);
  const reader = new LineReader(end);
  try {
    for await (const { text, read } of decoded(blob, encoding)) {
      signal.throwIfAborted();
      reader.read(text);
      onProgress(read / blob.size);
    }
    return { kind: "lines", ...reader.end() };
  } catch (error) {
    if (!(error instanceof NotInEncoding)) throw error;
    const position = await utf8FaultIn(blob, error.start);
    return { kind: "not-utf-8", position, preview: await koreanPreview(blob, end, signal) };
  }
}

/** The first lines that are not pure ASCII, if the whole file is valid EUC-KR. */
async function koreanPreview(blob: Blob, end: LineEnd, signal: AbortSignal): Promise<string[] | null> {
  const splitter = new LineSplitter(end);
  const preview: string[] = [];
  try {
    for await (const { text } of decoded(blob, "euc-kr")) {
      signal.throwIfAborted();
      if (preview.length < PREVIEW_LINES) preview.push(...koreanOf(splitter.split(text)));
    }
    return [...preview, ...koreanOf(splitter.last())].slice(0, PREVIEW_LINES);
  } catch (error) {
    if (error instanceof NotInEncoding) return null;
    throw error;
  }
}

function koreanOf(lines: readonly string[]): string[] {
  return lines.filter((line) => /[^\0-\x7f]/.test(line)).map((line) => line.trim().slice(0, PREVIEW_LENGTH));
}
