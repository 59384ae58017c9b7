/** A file that is no text: one of a spreadsheet program, or any other. */
export type BinaryFormat = "workbook" | "other";

/** What such files begin with, in Latin-1: Excel's before 2007, zip (as of today's), gzip, PNG, JPEG, GIF, PDF. */
const EXCEL = "\u00d0\u00cf\u0011\u00e0";
const BEGINNINGS = [
  EXCEL,
  "PK\u0003\u0004",
  "\u001f\u008b",
  "\u0089PNG",
  "\u00ff\u00d8\u00ff",
  "GIF8",
  "%PDF-",
];

/** Returns the format of a file with these bytes at its beginning; null for what may be text. */
export function binaryFormatOf(bytes: Uint8Array): BinaryFormat | null {
  const beginning = String.fromCharCode(...bytes.subarray(0, 8));
  if (!BEGINNINGS.some((each) => beginning.startsWith(each))) return null;
  const ofWorkbooks = beginning.startsWith(EXCEL) || /\bxl\//.test(new TextDecoder("latin1").decode(bytes));
  return ofWorkbooks ? "workbook" : "other";
}
