import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeApi } from "../../../testing/fakeApi";
import { openPage } from "../../../testing/openPage";
import { MAX_FIELD_LENGTH, MAX_FIELD_LINES } from "../fieldText";

let api: FakeApi;

beforeEach(() => {
  api = new FakeApi();
});

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox");

/** Waits for requests to be sent, and expects this number of them. */
async function sent(count: number): Promise<void> {
  await act(() => new Promise((resolve) => setTimeout(resolve, 50)));
  expect(api.submissions).toHaveLength(count);
}

describe("StringForm", () => {
  it("sends on Enter, clears the field and keeps the focus", async () => {
    openPage();
    const user = userEvent.setup();
    await user.type(field(), "hello{Enter}");
    await sent(1);
    expect(api.submissions.map(({ text }) => text)).toEqual(["hello"]);
    expect(field().value).toBe("");
    expect(document.activeElement).toBe(field());
  });

  it("sends on the button, and returns the focus to the field", async () => {
    openPage();
    const user = userEvent.setup();
    await user.type(field(), "hello");
    await user.click(screen.getByRole("button", { name: "Send" }));
    await sent(1);
    expect(document.activeElement).toBe(field());
  });

  it("leaves Enter to the input method while it composes", async () => {
    openPage();
    fireEvent.change(field(), { target: { value: "안녕" } });
    fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    await sent(0);
    expect(field().value).toBe("안녕");
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    await sent(1);
  });

  it("starts a new line with Shift and Enter", async () => {
    openPage();
    const user = userEvent.setup();
    await user.type(field(), "a{Shift>}{Enter}{/Shift}b{Enter}");
    await sent(1);
    expect(api.submissions.map(({ text }) => text)).toEqual(["a\nb"]);
  });

  it("does not send an empty text", async () => {
    openPage();
    const user = userEvent.setup();
    await user.type(field(), "{Enter}");
    await user.click(screen.getByRole("button", { name: "Send" }));
    await sent(0);
    expect(screen.getByText("Nothing sent yet.")).toBeTruthy();
  });

  it("says what cannot be stored, sends nothing and keeps the text", async () => {
    openPage();
    fireEvent.change(field(), { target: { value: "a\0b" } });
    fireEvent.keyDown(field(), { key: "Enter" });
    await sent(0);
    expect(screen.getByRole("alert").textContent).toContain("NUL");
    expect(field().value).toBe("a\0b");
    expect(field().getAttribute("aria-invalid")).toBe("true");
    fireEvent.change(field(), { target: { value: "ab" } });
    expect(screen.getByRole("alert").textContent).toBe("");
  });

  it("shows the byte count near the limit, and says immediately when it is exceeded", async () => {
    openPage();
    const type = (text: string) => fireEvent.change(field(), { target: { value: text } });
    type("가".repeat(17_000));
    expect(screen.queryByText(/of 65,536 bytes/)).toBeNull();
    type("가".repeat(18_000));
    expect(screen.getByText("54,000 of 65,536 bytes")).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toBe("");
    type("가".repeat(22_000));
    expect(screen.getByText("66,000 of 65,536 bytes (464 too many)")).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toMatch(/longer than 64 KiB/);
    fireEvent.keyDown(field(), { key: "Enter" });
    await sent(0);
  });

  it("restores a draft after a reload, but not after it was sent", async () => {
    const visit = openPage();
    fireEvent.change(field(), { target: { value: "unfinished" } });
    visit.unmount();
    const next = openPage();
    expect(field().value).toBe("unfinished");
    fireEvent.keyDown(field(), { key: "Enter" });
    await sent(1);
    next.unmount();
    openPage();
    expect(field().value).toBe("");
  });

  it.each([
    ["", "moved"],
    ["other lines", "kept here"],
  ])(
    "does not load a draft far too long for one string, with %j on the bulk view",
    async (lines, outcome) => {
      const draft = "x\n".repeat(MAX_FIELD_LENGTH);
      sessionStorage.setItem("ix-dummies:draft:string", draft);
      if (lines) sessionStorage.setItem("ix-dummies:draft:lines", lines);
      openPage();
      expect(field().value).toBe("");
      expect(screen.getByRole("alert").textContent).toContain("it was not put into the field");
      const saved = (name: string) => sessionStorage.getItem(`ix-dummies:draft:${name}`);
      expect(saved("string")).toBe(outcome === "moved" ? null : draft);
      expect(saved("lines")?.endsWith(outcome === "moved" ? `\n${draft}` : lines)).toBe(true);
    },
  );

  /** Pastes or drops a text, and puts it into the field, as the browser does, unless the page prevents that. */
  function put(by: "paste" | "drop", text: string) {
    const data = { types: ["text/plain"], getData: () => text };
    const isLeft = fireEvent[by](field(), { clipboardData: data, dataTransfer: data });
    if (isLeft && !field().readOnly) fireEvent.change(field(), { target: { value: field().value + text } });
    return isLeft;
  }

  it.each(["paste", "drop", "type", "restore"] as const)(
    "sends a string of many lines whole, of which only the beginning gets into the field (%s)",
    async (way) => {
      const text = `first${"\n1".repeat(20_000)}`;
      if (way === "restore") sessionStorage.setItem("ix-dummies:draft:string", text);
      openPage();
      if (way === "paste" || way === "drop") expect(put(way, text)).toBe(false);
      if (way === "type") fireEvent.change(field(), { target: { value: text } });
      expect(field().value).toBe("first\n1\n1\n1\n1\n1…");
      expect(field().readOnly).toBe(true);
      expect(field().getAttribute("aria-invalid")).toBe("false");
      const words = screen.getByRole("alert");
      expect(words.textContent).toMatch(
        /^20,001 lines are too many .* The whole text will be sent as one string/,
      );
      expect(field().getAttribute("aria-describedby")).toContain(words.id);
      put("paste", "more");
      put("drop", "more");
      fireEvent.keyDown(field(), { key: "Enter" });
      await sent(1);
      expect(api.submissions.map((each) => each.text)).toEqual([text]);
      expect(field().value).toBe("");
      expect(field().readOnly).toBe(false);
      expect(words.textContent).toBe("");
    },
  );

  it("never holds more lines than it can show, however many pastes they come with", () => {
    openPage();
    const lines = "1\n".repeat(MAX_FIELD_LINES - 1);
    expect(put("paste", lines)).toBe(true);
    expect(field().value).toBe(lines);
    expect(put("paste", "2\n3")).toBe(false);
    expect(field().value).toBe(`${"1\n".repeat(6).trim()}…`);
    expect(sessionStorage.getItem("ix-dummies:draft:string")).toBe(`${lines}2\n3`);
  });

  it("pastes over a selection, and says of a text that fits no string that it was not taken", () => {
    openPage();
    const lines = "1\n".repeat(MAX_FIELD_LINES - 1);
    fireEvent.change(field(), { target: { value: lines } });
    field().setSelectionRange(0, lines.length);
    expect(put("paste", lines)).toBe(true);
    fireEvent.change(field(), { target: { value: "kept" } });
    expect(put("paste", "12\n".repeat(30_000))).toBe(false);
    expect(field().value).toBe("kept");
    expect(screen.getByRole("alert").textContent).toContain("it was not put into the field");
  });

  it("adds no long text that is dropped to one that is there, and leaves a selection that is moved to the browser", () => {
    openPage();
    const lines = "1\n".repeat(MAX_FIELD_LINES - 1);
    fireEvent.change(field(), { target: { value: lines } });
    expect(put("drop", "2\n3")).toBe(false);
    expect(field().value).toBe(lines);
    expect(screen.getByRole("alert").textContent).toMatch(/^The dropped text is too long to be added/);
    field().setSelectionRange(0, 100);
    const data = { types: ["text/plain"], getData: () => lines.slice(0, 100) };
    expect(fireEvent.drop(field(), { dataTransfer: data })).toBe(true);
  });

  it("removes a text of which it shows the beginning only if that is confirmed", async () => {
    openPage();
    const user = userEvent.setup();
    put("paste", "1\n".repeat(20_000));
    await user.click(screen.getByRole("button", { name: "Remove" }));
    await user.click(screen.getByRole("button", { name: "Keep" }));
    expect(field().readOnly).toBe(true);
    await user.click(screen.getByRole("button", { name: "Remove" }));
    fireEvent.submit(screen.getByRole("dialog").querySelector("form") as HTMLFormElement);
    expect(field().value).toBe("");
    expect(field().readOnly).toBe(false);
    expect(document.activeElement).toBe(field());
    await sent(0);
  });
});
