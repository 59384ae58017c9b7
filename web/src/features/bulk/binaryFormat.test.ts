import { describe, expect, it } from "vitest";
import { binaryFormatOf } from "./binaryFormat";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("binaryFormatOf", () => {
  it.each([
    ["workbook", "PK\x03\x04\x14\0\x06\0[Content_Types].xml … xl/workbook.xml"],
    ["workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    ["other", "PK\x03\x04\x14\0\x06\0word/document.xml"],
    ["other", "\x1f\x8b\x08\0"],
    ["other", "\x89PNG\r\n\x1a\n"],
    ["other", "\xff\xd8\xff\xe0"],
    ["other", "%PDF-1.7"],
    [null, "PK is a text, too"],
    [null, ""],
  ])("is %s", (format, beginning) => {
    expect(binaryFormatOf(bytes(beginning))).toBe(format);
  });
});
