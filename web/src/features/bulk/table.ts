import { MAX_TEXT_BYTES } from "../strings/text";
import { decoded, type Encoding } from "./decode";
import type { LineEnd } from "./lineSplitter";

export type Delimiter = "," | ";" | "\t";

/** A file of rows and columns: its first row, whose cells usually are the columns' names. */
export type Table = { readonly delimiter: Delimiter; readonly first: readonly string[] };

/** The column whose cells are sent, counted from 0, and whether the first row only names it. */
export type Column = { readonly index: number; readonly named: boolean };

/** What is kept of a cell that is too long to be stored: still too long. */
const MOST = MAX_TEXT_BYTES + 2;

/** Splits text with rows of cells, which arrives in pieces, as RFC 4180 says; what breaks its rules is taken as it is. */
export class RowSplitter {
  private readonly delimiter: Delimiter;
  private readonly end: LineEnd;
  private row: string[] = [];
  private cell = "";
  private state: "start" | "plain" | "quoted" | "closed" = "start";

  constructor(delimiter: Delimiter, end: LineEnd) {
    this.delimiter = delimiter;
    this.end = end;
  }

  /** Returns the rows that end in this piece. */
  split(piece: string): string[][] {
    const rows: string[][] = [];
    for (const character of piece) this.take(character, rows);
    return rows;
  }

  /** Returns the last row, if the text does not end with a line end. */
  last(): string[][] {
    const rows: string[][] = [];
    if (this.row.length > 0 || this.state !== "start") this.endRow(rows);
    return rows;
  }

  private take(character: string, rows: string[][]): void {
    if (character === '"' && this.state !== "plain") this.takeQuote();
    else if (this.state === "quoted") this.add(character);
    else if (character === this.delimiter) this.endCell();
    else if (character === this.end) this.endRow(rows);
    else {
      this.add(character);
      this.state = "plain";
    }
  }

  /** One begins a cell or ends it; two within one are a quote. */
  private takeQuote(): void {
    if (this.state === "closed") this.add('"');
    this.state = this.state === "quoted" ? "closed" : "quoted";
  }

  private add(character: string): void {
    if (this.cell.length < MOST) this.cell += character;
  }

  private endCell(): void {
    this.row.push(this.cell);
    this.cell = "";
    this.state = "start";
  }

  private endRow(rows: string[][]): void {
    if (this.state === "plain" && this.cell.endsWith("\r")) this.cell = this.cell.slice(0, -1);
    this.endCell();
    rows.push(this.row);
    this.row = [];
  }
}

/** Splits such text into the cells of one column; a row that ends before it has an empty one. */
export class ColumnSplitter {
  private readonly rows: RowSplitter;
  private readonly column: Column;
  private skip: number;

  constructor(rows: RowSplitter, column: Column) {
    this.rows = rows;
    this.column = column;
    this.skip = column.named ? 1 : 0;
  }

  split(piece: string): string[] {
    return this.cellsOf(this.rows.split(piece));
  }

  last(): string[] {
    return this.cellsOf(this.rows.last());
  }

  private cellsOf(rows: readonly (readonly string[])[]): string[] {
    const cells = rows.slice(this.skip).map((row) => row[this.column.index] ?? "");
    this.skip = Math.max(0, this.skip - rows.length);
    return cells;
  }
}

/** Returns what a file named as a table begins with; null for any other, and for one of a single column. */
export async function tableOf(
  name: string | null,
  blob: Blob,
  encoding: Encoding,
  end: LineEnd,
): Promise<Table | null> {
  const [, kind] = /\.(csv|tsv)$/i.exec(name ?? "") ?? [];
  if (kind === undefined) return null;
  for await (const { text } of decoded(blob, encoding)) {
    const delimiters: readonly Delimiter[] = kind.toLowerCase() === "tsv" ? ["\t"] : [",", ";", "\t"];
    const tables = delimiters.map((delimiter) => ({ delimiter, first: firstRow(text, delimiter, end) }));
    const [widest] = tables.sort((one, other) => other.first.length - one.first.length);
    return widest && widest.first.length > 1 ? widest : null;
  }
  return null;
}

function firstRow(text: string, delimiter: Delimiter, end: LineEnd): string[] {
  const rows = new RowSplitter(delimiter, end);
  return [...rows.split(text), ...rows.last()][0] ?? [];
}
