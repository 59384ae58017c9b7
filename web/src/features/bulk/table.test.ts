import { describe, expect, it } from "vitest";
import { ColumnSplitter, RowSplitter, tableOf } from "./table";

function rows(...pieces: string[]): string[][] {
  const splitter = new RowSplitter(",", "\n");
  return [...pieces.flatMap((piece) => splitter.split(piece)), ...splitter.last()];
}

describe("RowSplitter", () => {
  it.each([
    [
      "plain cells",
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "Windows line ends",
      "a,b\r\nc,d\r\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "quoted cells with delimiters, line ends and quotes",
      '"a,1","b\r\n2"\n"say ""hi""",\n',
      [
        ["a,1", "b\r\n2"],
        ['say "hi"', ""],
      ],
    ],
    ["a quoted carriage return", '"a\r"\n', [["a\r"]]],
    ["quotes within a cell", 'a"b",c\n', [['a"b"', "c"]]],
    ["text behind a closing quote", '"a"b,c\n', [["ab", "c"]]],
    ["an empty line", "a\n\nb", [["a"], [""], ["b"]]],
    ["no line end at the end", 'a,"b', [["a", "b"]]],
    ["nothing", "", []],
  ])("splits %s, wherever the pieces are cut", (_, text, expected) => {
    expect(rows(text)).toEqual(expected);
    expect(rows(...text)).toEqual(expected);
  });
});

describe("ColumnSplitter", () => {
  it("gives one column's cells, without its name", () => {
    const cells = new ColumnSplitter(new RowSplitter(",", "\n"), { index: 1, named: true });
    expect([cells.split("id,te"), cells.split("xt\n1,안녕"), cells.split("\n2\n"), cells.last()]).toEqual([
      [],
      [],
      ["안녕", ""],
      [],
    ]);
  });
});

describe("tableOf", () => {
  const table = (name: string | null, text: string) => tableOf(name, new Blob([text]), "utf-8", "\n");

  it("is what a file with several columns begins with", async () => {
    expect(await table("a.csv", "id,text\n1,a;b\n")).toEqual({ delimiter: ",", first: ["id", "text"] });
    expect(await table("a.CSV", "id;text\n")).toEqual({
      delimiter: ";",
      first: ["id", "text"],
    });
    expect(await table("a.tsv", "id,x\ttext\n")).toEqual({ delimiter: "\t", first: ["id,x", "text"] });
  });

  it("is nothing for lines", async () => {
    expect(await table("a.txt", "one, two\n")).toBeNull();
    expect(await table(null, "one, two\n")).toBeNull();
    expect(await table("a.csv", "one\ntwo\n")).toBeNull();
    expect(await table("a.csv", "")).toBeNull();
  });
});
