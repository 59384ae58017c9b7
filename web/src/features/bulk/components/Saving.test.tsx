import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { FakeApi } from "../../../testing/fakeApi";
import { idOf } from "../../../testing/ids";
import { openBulk } from "../../../testing/openBulk";
import { server } from "../../../testing/server";
import { saveDraft } from "../../strings/useDraft";
import { losesLines } from "../batchParts";
import { hasLines, keepForLines, noteSending, sentAs } from "../draft";
import { MemoryStorage } from "../memoryStorage";

let bulks: string[][];

beforeEach(() => {
  window.location.hash = "#/many";
  new FakeApi();
  bulks = [];
  server.use(
    http.post("/dummies/status", () =>
      HttpResponse.json({ stored: 1, failed: [], queued: 0, not_found: [], unavailable: 0 }),
    ),
    http.post("/dummies/bulk", async ({ request }) => {
      const { texts } = (await request.json()) as { texts: string[] };
      bulks.push(texts);
      const ids = texts.map(idOf);
      const body = { count: ids.length, ids, received_at: "2026-01-02T03:04:05Z", accepted_total: 3 };
      return HttpResponse.json(body, { status: 202 });
    }),
  );
  return () => {
    window.location.hash = "";
  };
});

const field = () => screen.findByLabelText<HTMLTextAreaElement>("Lines");
const button = (name: string) => screen.findByRole("button", { name });
const isDisabled = async (name: string) => (await button(name)).hasAttribute("disabled");
const heading = (name: string) => screen.findByRole("heading", { name, level: 2 });

/** Types a line, has it checked, and sends it. */
async function sendOne() {
  const user = userEvent.setup();
  await user.type(await field(), "one");
  await user.click(await button("Review"));
  await user.click(await button("Send 1 string"));
  return user;
}

/** Leaves lines as a page does that ended while the storage took them. */
function endWhileSaving(text: string) {
  saveDraft("lines", text);
  noteSending("a-batch");
}

/** Begins and deletes the batch of this id, as another tab does that sends it. */
async function sendElsewhere(storage: MemoryStorage) {
  const counts = { name: null, createdAt: 0, lines: 1, empty: 0, leftOut: 0, strings: 1 };
  const batch = { id: "a-batch", ...counts, intent: "send", trouble: null, saved: false } as const;
  await storage.begin(batch, []);
  await storage.clear(batch);
}

it("what was typed is kept over a reload", async () => {
  const visit = await openBulk("ko");
  fireEvent.change(await screen.findByLabelText("여러 줄 텍스트"), { target: { value: "하나\n둘" } });
  visit.unmount();
  await openBulk("ko");
  expect((await screen.findByLabelText<HTMLTextAreaElement>("여러 줄 텍스트")).value).toBe("하나\n둘");
});

it.each(["silent", "failed", "denied"] as const)(
  "lines that may have been sent are neither changed nor sent while the storage is %s, unless the user says so",
  async (keeping) => {
    endWhileSaving("one");
    const { unmount } = await openBulk("en", { storage: null, keeping });
    expect(await screen.findByText(/^These lines may have been sent already/)).toBeTruthy();
    expect((await field()).readOnly).toBe(true);
    expect(screen.queryByRole("button", { name: "Review" })).toBeNull();
    fireEvent.click(await button("Use them anyway"));
    expect((await field()).readOnly).toBe(false);
    expect(screen.queryByText(/^These lines may have been sent already/)).toBeNull();
    expect(await button("Review")).toBeTruthy();
    // the choice holds for this visit only
    unmount();
    await openBulk("en", { storage: null, keeping });
    expect(await button("Use them anyway")).toBeTruthy();
  },
);

it.each([
  ["silent", /storage does not answer, so .* an earlier visit may still be in it/],
  ["failed", /storage cannot be read, so .* an earlier visit may still be in it/],
] as const)(
  "lines are sent beside a storage that is %s, where they may be already, only if the user says so",
  async (keeping, words) => {
    const { container } = await openBulk("en", { storage: null, keeping });
    expect(await screen.findByText(words)).toBeTruthy();
    const user = await sendOne();
    expect(screen.getByText(/they are then stored twice/)).toBeTruthy();
    // contrast needs a real rendering
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
    expect(violations).toEqual([]);
    await user.click(await button("Do not send"));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(bulks).toEqual([]);
    await user.click(await button("Send 1 string"));
    await user.click(await button("Send anyway"));
    await heading("All sent: 1 string accepted");
    expect(bulks).toEqual([["one"]]);
  },
);

it("lines that may have been sent can be removed", async () => {
  endWhileSaving("one");
  await openBulk("en", { storage: null, keeping: "silent" });
  const user = userEvent.setup();
  await user.click(await button("Remove"));
  expect(screen.getByText(/^It may have been sent/)).toBeTruthy();
  fireEvent.submit(screen.getByRole("dialog").querySelector("form") as HTMLFormElement);
  expect((await field()).value).toBe("");
  expect(document.activeElement).toBe(await field());
  expect(sentAs()).toBeNull();
  expect(await button("Review")).toBeTruthy();
});

it("another text is not taken for one that was sent and is gone", () => {
  noteSending("a-batch");
  expect(keepForLines("two")).toBe(true);
  expect(sentAs()).toBeNull();
});

it("lines that a storage does not have are there as if they had not been sent", async () => {
  endWhileSaving("one");
  await openBulk("en", { storage: new MemoryStorage(), keeping: "kept" });
  expect((await field()).readOnly).toBe(false);
  expect(await button("Review")).toBeTruthy();
});

it("lines cannot be changed before it is known whether they are kept", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const original = MemoryStorage.prototype.begin;
  const begin = vi.spyOn(MemoryStorage.prototype, "begin").mockImplementationOnce(async function (
    this: MemoryStorage,
    ...rest
  ) {
    await released;
    return original.apply(this, rest);
  });
  const parts = await openBulk();
  expect(losesLines(parts)).toBe(false);
  const user = await sendOne();
  expect(await isDisabled("Back")).toBe(true);
  const send = await button("Send 1 string");
  expect(send.getAttribute("aria-disabled")).toBe("true");
  expect(document.activeElement).toBe(send);
  await user.click(send);
  expect(begin).toHaveBeenCalledTimes(1);
  expect(screen.getByText(/^Saving the lines/).getAttribute("aria-live")).toBe("polite");
  expect(losesLines(parts)).toBe(true);
  release();
  await heading("All sent: 1 string accepted");
  expect(bulks).toHaveLength(1);
  expect(screen.queryByText(/^Your other lines are kept in this tab/)).toBeNull();
});

it("lines are locked for as long as the storage does not say whether it has them, and sent once if it does", async () => {
  const storage = new MemoryStorage();
  await openBulk("en", { storage, keeping: "kept" });
  const silence = new DOMException("", "TimeoutError");
  // after the lines were saved
  vi.spyOn(storage, "load").mockRejectedValueOnce(silence).mockRejectedValueOnce(silence);
  await sendOne();
  await screen.findByRole("alert");
  expect(await isDisabled("Back")).toBe(true);
  expect(screen.getByText(/^Saving the lines/)).toBeTruthy();
  await heading("All sent: 1 string accepted");
  expect(bulks).toEqual([["one"]]);
  expect(hasLines()).toBe(false);
});

it("lines that a storage saved without saying so are sent once", async () => {
  const { begin } = MemoryStorage.prototype;
  vi.spyOn(MemoryStorage.prototype, "begin").mockImplementationOnce(async function (
    this: MemoryStorage,
    ...rest
  ) {
    await begin.apply(this, rest);
    throw new DOMException("", "TimeoutError");
  });
  await openBulk();
  await sendOne();
  await heading("All sent: 1 string accepted");
  expect(bulks).toEqual([["one"]]);
  expect(hasLines()).toBe(false);
});

it("lines can be changed or sent again when the storage has failed, and does not have them", async () => {
  vi.spyOn(MemoryStorage.prototype, "begin").mockRejectedValueOnce(new DOMException("", "TimeoutError"));
  await openBulk();
  const user = await sendOne();
  await screen.findByRole("alert");
  expect(await isDisabled("Back")).toBe(false);
  await user.click(await button("Send 1 string"));
  await heading("All sent: 1 string accepted");
  expect(bulks).toHaveLength(1);
});

it("lines that another tab has sent, and whose batch it has deleted, are not offered as unsent", async () => {
  const storage = new MemoryStorage();
  await sendElsewhere(storage);
  endWhileSaving("one");
  await openBulk("en", { storage, keeping: "kept" });
  expect((await field()).value).toBe("");
  expect(sentAs()).toBeNull();
});

it("lines are gone from the field once the page learns that another tab has sent them", async () => {
  const storage = new MemoryStorage();
  const { batches } = await openBulk("en", { storage, keeping: "kept" });
  fireEvent.change(await field(), { target: { value: "one" } });
  noteSending("a-batch");
  await sendElsewhere(storage);
  await act(() => batches.reload());
  expect((await field()).value).toBe("");
});

it.each(["sent", "done"])(
  "a copy of a tab does not offer lines as unsent that the other has sent (%s)",
  async (end) => {
    const storage = new MemoryStorage();
    const visit = await openBulk("en", { storage, keeping: "kept" });
    fireEvent.change(await field(), { target: { value: "o" } });
    fireEvent.change(await field(), { target: { value: "one" } });
    const copy = Object.entries(sessionStorage);
    fireEvent.change(await field(), { target: { value: "one!" } });
    fireEvent.change(await field(), { target: { value: "one" } });
    fireEvent.click(await button("Review"));
    fireEvent.click(await button("Send 1 string"));
    await heading("All sent: 1 string accepted");
    if (end === "done") {
      fireEvent.click(await button("Done"));
      fireEvent.submit(screen.getByRole("dialog").querySelector("form") as HTMLFormElement);
      await field();
    }
    visit.unmount();
    for (const [name, value] of copy) sessionStorage.setItem(name, value);
    await openBulk("en", { storage, keeping: "kept" });
    if (end === "done") expect((await field()).value).toBe("");
    else await heading("All sent: 1 string accepted");
    expect(screen.queryByText(/^Your other lines are kept in this tab/)).toBeNull();
    expect(bulks).toEqual([["one"]]);
  },
);

it("the same lines can be sent again on purpose, and other lines of a copy are kept", async () => {
  const storage = new MemoryStorage();
  const visit = await openBulk("en", { storage, keeping: "kept" });
  fireEvent.change(await field(), { target: { value: "one" } });
  const copy = Object.entries(sessionStorage);
  for (const sendings of [1, 2]) {
    fireEvent.change(await field(), { target: { value: "one" } });
    fireEvent.click(await button("Review"));
    fireEvent.click(await button("Send 1 string"));
    await heading("All sent: 1 string accepted");
    expect(bulks).toHaveLength(sendings);
    fireEvent.click(await button("Done"));
    fireEvent.submit(screen.getByRole("dialog").querySelector("form") as HTMLFormElement);
    await field();
  }
  visit.unmount();
  for (const [name, value] of copy) sessionStorage.setItem(name, `${value}\ntwo`);
  await openBulk("en", { storage, keeping: "kept" });
  expect((await field()).value).toBe("one\ntwo");
});

it("lines are not said to be being saved where the storage is lost", async () => {
  const storage = new MemoryStorage();
  const begin = vi.spyOn(storage, "begin");
  await openBulk("en", { storage, keeping: "kept" });
  act(() => storage.onChange("lost"));
  await sendOne();
  expect(begin).not.toHaveBeenCalled();
  expect(await isDisabled("Back")).toBe(false);
  expect(screen.queryByText(/^Saving the lines/)).toBeNull();
});

it("does not say that lines are kept that another tab has sent meanwhile", async () => {
  const storage = new MemoryStorage();
  const counts = { name: null, createdAt: 0, lines: 1, empty: 0, leftOut: 0, strings: 1 };
  const other = { id: "other", ...counts, intent: "pause", trouble: null, saved: false } as const;
  await storage.begin(other, []);
  saveDraft("lines", "one");
  noteSending("a-batch");
  const { batches } = await openBulk("en", { storage, keeping: "kept" });
  await screen.findByText(/^Your other lines are kept in this tab/);
  // while this tab was frozen
  await storage.clear(other);
  await storage.begin({ ...other, id: "a-batch" }, []);
  await act(() => batches.reload());
  expect(screen.queryByText(/^Your other lines are kept in this tab/)).toBeNull();
});
