import type { Ids } from "./batch";

export type ReceiptFormat = "csv" | "ndjson";

const TYPES: Record<ReceiptFormat, string> = { csv: "text/csv", ndjson: "application/x-ndjson" };

/** Which id each accepted line was given, as a file. */
export function receiptFile(chunks: readonly Ids[], format: ReceiptFormat): Blob {
  const parts = format === "csv" ? ["line,id\r\n"] : [];
  const row = format === "csv" ? csvRow : ndjsonRow;
  for (const { lines, ids } of chunks)
    parts.push(ids.map((id, index) => row(lines[index] ?? 0, id)).join(""));
  return new Blob(parts, { type: TYPES[format] });
}

function csvRow(line: number, id: string): string {
  return `${line},${id}\r\n`;
}

function ndjsonRow(line: number, id: string): string {
  return `${JSON.stringify({ line, id })}\n`;
}
