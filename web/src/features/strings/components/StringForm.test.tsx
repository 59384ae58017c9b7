import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeApi } from "../../../testing/fakeApi";
import { openPage } from "../../../testing/openPage";
import { LONG_TEXT } from "../pasted";

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
    await user.click(screen.getByRole("button", { name: "Store" }));
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
    await user.click(screen.getByRole("button", { name: "Store" }));
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
      const draft = "x\n".repeat(LONG_TEXT);
      sessionStorage.setItem("ix-dummies:draft:string", draft);
      if (lines) sessionStorage.setItem("ix-dummies:draft:lines", lines);
      openPage();
      expect(field().value).toBe("");
      expect(screen.getByRole("alert").textContent).toContain("it was not put into the field");
      const saved = (name: string) => sessionStorage.getItem(`ix-dummies:draft:${name}`);
      expect(saved("string")).toBe(outcome === "moved" ? null : draft);
      expect(saved("lines")).toBe(outcome === "moved" ? draft : lines);
    },
  );
});
