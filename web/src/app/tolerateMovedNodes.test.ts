import { beforeAll, describe, expect, it } from "vitest";
import { tolerateMovedNodes } from "./tolerateMovedNodes";

beforeAll(tolerateMovedNodes);

/** An element with two children, of which the second was wrapped by a translator. */
function translated() {
  const parent = document.createElement("p");
  const [first, second] = [document.createElement("b"), document.createElement("i")];
  const font = document.createElement("font");
  font.append(second);
  parent.append(first, font);
  return { parent, first, second, font };
}

describe("a moved node", () => {
  it("is removed from where it is", () => {
    const { parent, second, font } = translated();
    expect(parent.removeChild(second)).toBe(second);
    expect(font.childNodes).toHaveLength(0);
  });

  it("that is already gone is no error", () => {
    const { parent, second } = translated();
    second.remove();
    expect(parent.removeChild(second)).toBe(second);
  });

  it("still marks the place of what is inserted before it", () => {
    const { parent, first, second, font } = translated();
    const added = document.createElement("u");
    parent.insertBefore(added, second);
    expect([...parent.childNodes]).toEqual([first, added, font]);
  });

  it("that has left its parent marks the end", () => {
    const { parent, first, second, font } = translated();
    second.remove();
    const added = document.createElement("u");
    parent.insertBefore(added, second);
    expect([...parent.childNodes]).toEqual([first, font, added]);
  });
});
