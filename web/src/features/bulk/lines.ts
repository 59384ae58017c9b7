import { type TextFault, textFault } from "../strings/text";
import { type Chunk, LISTED } from "./batch";
import { LineSplitter } from "./lineSplitter";
import { chunkOf } from "./pieces";
import { MAX_CHUNK_BYTES, MAX_CHUNK_LINES, sizeInBody } from "./requestSize";

/** An upper bound for the rest of the body, in bytes. */
const ENVELOPE = 100;
const EXAMPLES = 3;

export type BadLine = { line: number; fault: TextFault };

/** The result of reading a text line by line. */
export type Lines = {
  /** All lines, including those that are not sent. */
  count: number;
  empty: number;
  badCount: number;
  /** The first hundred. */
  bad: readonly BadLine[];
  strings: number;
  examples: readonly string[];
  chunks: readonly Chunk[];
};

/** Splits text, which arrives in pieces, into lines, or into the cells of a column. */
type Splitter = { split: (piece: string) => string[]; last: () => string[] };

/** Splits text, which arrives in pieces, into chunks that can be sent. */
export class LineReader {
  private readonly splitter: Splitter;
  private count: number;
  private empty = 0;
  private badCount = 0;
  private strings = 0;
  private readonly bad: BadLine[] = [];
  private readonly examples: string[] = [];
  private readonly chunks: Chunk[] = [];
  private numbers: number[] = [];
  private texts: string[] = [];
  private bytes = ENVELOPE;

  /** `skipped` lines come before those of the splitter. */
  constructor(splitter: Splitter = new LineSplitter("\n"), skipped = 0) {
    this.splitter = splitter;
    this.count = skipped;
  }

  read(piece: string): void {
    for (const line of this.splitter.split(piece)) this.readLine(line);
  }

  end(): Lines {
    for (const line of this.splitter.last()) this.readLine(line);
    this.closeChunk();
    const { count, empty, badCount, bad, strings, examples, chunks } = this;
    return { count, empty, badCount, bad, strings, examples, chunks };
  }

  private readLine(text: string): void {
    this.count++;
    if (text === "") {
      this.empty++;
      return;
    }
    const fault = textFault(text);
    if (fault === null) this.add(text);
    else {
      this.badCount++;
      if (this.bad.length < LISTED) this.bad.push({ line: this.count, fault });
    }
  }

  private add(text: string): void {
    const size = sizeInBody(text);
    if (this.texts.length === MAX_CHUNK_LINES || this.bytes + size > MAX_CHUNK_BYTES) this.closeChunk();
    this.numbers.push(this.count);
    this.texts.push(text);
    this.bytes += size;
    this.strings++;
    if (this.examples.length < EXAMPLES) this.examples.push(text);
  }

  private closeChunk(): void {
    if (this.texts.length === 0) return;
    this.chunks.push(chunkOf(this.numbers, this.texts));
    this.numbers = [];
    this.texts = [];
    this.bytes = ENVELOPE;
  }
}
