import { expect, it } from "vitest";
import { receiptFile } from "./receipt";

const CHUNKS = [
  { number: 1, lines: [1, 4], ids: ["id-of-1", "id-of-4"], refused: [] },
  { number: 3, lines: [], ids: [], refused: [{ line: 3, detail: 'It is "bad", they say.' }] },
  { number: 5, lines: [5], ids: ["id-of-5"], refused: [] },
];

const contentOf = async (blob: Blob) => new TextDecoder().decode(await blob.arrayBuffer());

it("the receipt has the id of each accepted line, and the reason for each refused one", async () => {
  expect(await contentOf(receiptFile(CHUNKS, "csv"))).toBe(
    'line,id,refused\r\n1,id-of-1,\r\n3,,"It is ""bad"", they say."\r\n4,id-of-4,\r\n5,id-of-5,\r\n',
  );
  const rows = (await contentOf(receiptFile(CHUNKS, "ndjson"))).trimEnd().split("\n");
  expect(rows.map((row) => JSON.parse(row))).toEqual([
    { line: 1, id: "id-of-1" },
    { line: 3, refused: 'It is "bad", they say.' },
    { line: 4, id: "id-of-4" },
    { line: 5, id: "id-of-5" },
  ]);
});
