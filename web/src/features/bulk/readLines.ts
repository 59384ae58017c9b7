import { decoded, type Encoding, NotInEncoding } from "./decode";
import { LineReader, type Lines } from "./lines";

export const MAX_FILE_BYTES = 20 * 1024 * 1024;
const PREVIEW_LINES = 5;
const PREVIEW_LENGTH = 80;

/** A file's lines; if it is not UTF-8, a preview as Korean text, where it is valid as that. */
export type Reading =
  | ({ kind: "lines" } & Lines)
  | { kind: "not-utf-8"; position: number; preview: string[] | null };

/** Reads a file; `onProgress` receives the fraction read. */
export async function readLines(
  blob: Blob,
  encoding: Encoding,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Reading> {
  const reader = new LineReader();
  try {
    for await (const { text, read } of decoded(blob, encoding)) {
      signal.throwIfAborted();
      reader.read(text);
      onProgress(read / blob.size);
    }
    return { kind: "lines", ...reader.end() };
  } catch (error) {
    if (!(error instanceof NotInEncoding)) throw error;
    return { kind: "not-utf-8", position: error.position, preview: await koreanPreview(blob, signal) };
  }
}

/** The first lines that are not pure ASCII, if the whole file is valid EUC-KR. */
async function koreanPreview(blob: Blob, signal: AbortSignal): Promise<string[] | null> {
  const preview: string[] = [];
  try {
    for await (const { text } of decoded(blob, "euc-kr")) {
      signal.throwIfAborted();
      if (preview.length < PREVIEW_LINES)
        preview.push(...koreanLines(text).slice(0, PREVIEW_LINES - preview.length));
    }
    return preview;
  } catch (error) {
    if (error instanceof NotInEncoding) return null;
    throw error;
  }
}

function koreanLines(text: string): string[] {
  const lines = text.split("\n").filter((line) => /[^\0-\x7f]/.test(line));
  return lines.map((line) => line.trim().slice(0, PREVIEW_LENGTH));
}
