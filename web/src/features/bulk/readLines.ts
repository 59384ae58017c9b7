import { type BinaryFormat, binaryFormatOf } from "./binaryFormat";
import { bytesOf, decoded, type Encoding, NotInEncoding, utf8FaultIn } from "./decode";
import { type LineEnd, LineSplitter } from "./lineSplitter";
import { LineReader, type Lines } from "./lines";
import { type Column, ColumnSplitter, RowSplitter, type Table, tableOf } from "./table";
import { lineAt, lineEndOf, looksLikeUtf16, markedUtf16 } from "./textFormat";

export const MAX_FILE_BYTES = 20 * 1024 * 1024;
const PREVIEW_LINES = 5;
const PREVIEW_LENGTH = 80;

/** A chosen file, or typed or pasted lines (`name` is null). */
export type Source = { blob: Blob; name: string | null };

/** How a source is read: `column` is that of a table, null for whole lines. */
export type How = { encoding: Encoding; column: Column | null };

/** A source's lines; if it is not UTF-8, a preview as Korean text, where it is valid as that. */
export type Reading =
  | ({ kind: "lines"; table: Table | null } & Lines)
  | { kind: "binary"; format: BinaryFormat }
  | { kind: "utf-16" }
  | { kind: "not-utf-8"; line: number; preview: string[] | null };

/** Reads a source; `onProgress` receives the fraction read. */
export async function readLines(
  { blob, name }: Source,
  how: How,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Reading> {
  const first = await bytesOf(blob, 0);
  const format = binaryFormatOf(first);
  if (format) return { kind: "binary", format };
  const marked = markedUtf16(first);
  if (!marked && blob.size % 2 === 0 && looksLikeUtf16(first)) return { kind: "utf-16" };
  const encoding = marked ?? how.encoding;
  const end = await lineEndOf(blob, encoding, signal);
  try {
    const table = await tableOf(name, blob, encoding, end);
    const reader = readerOf(table, how.column, end);
    for await (const { text, read } of decoded(blob, encoding)) {
      signal.throwIfAborted();
      reader.read(text);
      onProgress(read / blob.size);
    }
    return { kind: "lines", table, ...reader.end() };
  } catch (error) {
    if (!(error instanceof NotInEncoding)) throw error;
    if (marked) return { kind: "utf-16" };
    const line = await lineAt(blob, await utf8FaultIn(blob, error.start), end);
    return { kind: "not-utf-8", line, preview: await koreanPreview(blob, end, signal) };
  }
}

function readerOf(table: Table | null, column: Column | null, end: LineEnd): LineReader {
  if (!table || !column) return new LineReader(new LineSplitter(end));
  const cells = new ColumnSplitter(new RowSplitter(table.delimiter, end), column);
  return new LineReader(cells, column.named ? 1 : 0);
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
