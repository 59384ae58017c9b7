import { MAX_TEXT_BYTES } from "../strings/text";

/** What is kept of a line that is too long to be stored: still too long without a carriage return at its end. */
const MOST = MAX_TEXT_BYTES + 2;

export type LineEnd = "\n" | "\r";

/** Splits a text that arrives in pieces into lines, without their ends; a line that is far too long is cut. */
export class LineSplitter {
  private readonly end: LineEnd;
  private rest = "";

  /** "\n" means "\r\n" too. */
  constructor(end: LineEnd) {
    this.end = end;
  }

  /** Returns the lines that end in this piece. */
  split(piece: string): string[] {
    const lines = (this.rest + piece).split(this.end);
    this.rest = lines.pop()?.slice(0, MOST) ?? "";
    return lines.map(withoutReturn);
  }

  /** Returns the last line, if the text does not end with a line end. */
  last(): string[] {
    return this.rest === "" ? [] : [withoutReturn(this.rest)];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
