import type { ChunkReceipt } from "./batch";

export type ReceiptFormat = "csv" | "ndjson";

/** A line with its id, or with the reason why it was refused. */
type Row = { line: number; id: string } | { line: number; refused: string };

/** Rows per part of the file. */
const BLOCK = 10_000;
const TYPES: Record<ReceiptFormat, string> = { csv: "text/csv", ndjson: "application/x-ndjson" };

/** Returns a file with the id of each line, or the reason why it was refused, by line. */
export function receiptFile(chunks: readonly ChunkReceipt[], format: ReceiptFormat): Blob {
  const parts = format === "csv" ? ["line,id,refused\r\n"] : [];
  const write = format === "csv" ? csvRow : ndjsonRow;
  const rows = chunks.flatMap(rowsOf).sort((a, b) => a.line - b.line);
  for (let at = 0; at < rows.length; at += BLOCK)
    parts.push(
      rows
        .slice(at, at + BLOCK)
        .map(write)
        .join(""),
    );
  return new Blob(parts, { type: TYPES[format] });
}

function rowsOf({ lines, ids, refused }: ChunkReceipt): Row[] {
  const accepted = ids.map((id, index) => ({ line: lines[index] ?? 0, id }));
  const others = refused.map(({ line, detail }) => ({ line, refused: detail }));
  return [...accepted, ...others];
}

function csvRow(row: Row): string {
  return "id" in row ? `${row.line},${row.id},\r\n` : `${row.line},,${quoted(row.refused)}\r\n`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function ndjsonRow(row: Row): string {
  return `${JSON.stringify(row)}\n`;
}
