import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { newQueryClient } from "../../../app/queryClient";
import { Root } from "../../../app/Root";
import type { Language } from "../../../i18n/language";
import { FakeApi, pipeline, problem } from "../../../testing/fakeApi";
import { server } from "../../../testing/server";
import { StringStore } from "../../strings/store";
import { BatchPartsContext, startParts } from "../batchParts";
import { MemoryStorage } from "../memoryStorage";
import type { Opened } from "../openStorage";
import { MAX_FILE_BYTES } from "../readLines";
import type { Sender } from "../sender";

let api: FakeApi;
let sender: Sender;
let bulks: { key: string | null; texts: string[] }[];
let onBulk: () => Response | undefined;
let failing: string[];

beforeEach(() => {
  window.location.hash = "#/many";
  api = new FakeApi();
  api.pipeline = pipeline({ settled_total: 3 });
  bulks = [];
  onBulk = () => undefined;
  failing = ["id-of-two"];
  server.use(
    http.post("/dummies/status", async ({ request }) => {
      const { ids } = (await request.json()) as { ids: string[] };
      const failed = ids.filter((id) => failing.includes(id)).map((id) => ({ id, reason: "Refused." }));
      const others = { queued: 0, not_found: [], unavailable: 0 };
      return HttpResponse.json({ stored: ids.length - failed.length, failed, ...others });
    }),
    http.post("/dummies/bulk", async ({ request }) => {
      const { texts } = (await request.json()) as { texts: string[] };
      bulks.push({ key: request.headers.get("Idempotency-Key"), texts });
      const ids = texts.map((text) => `id-of-${text}`);
      const body = { count: ids.length, ids, received_at: "2026-01-02T03:04:05Z", accepted_total: 3 };
      return onBulk() ?? HttpResponse.json(body, { status: 202 });
    }),
  );
  return () => {
    window.location.hash = "";
  };
});

async function open(language: Language = "en", opened: Opened = { storage: null, keeping: "denied" }) {
  const parts = startParts(opened);
  sender = parts.sender;
  const started = Promise.resolve(parts);
  // suspended content is rendered only within an awaited act
  return act(async () =>
    render(
      <BatchPartsContext value={started}>
        <Root
          language={language}
          store={new StringStore(localStorage)}
          queryClient={newQueryClient()}
          persists={true}
        />
      </BatchPartsContext>,
    ),
  );
}

/** Makes the storage begin a batch only when released. */
function slowToBegin() {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { begin } = MemoryStorage.prototype;
  vi.spyOn(MemoryStorage.prototype, "begin").mockImplementation(async function (
    this: MemoryStorage,
    ...rest
  ) {
    await released;
    return begin.apply(this, rest);
  });
  return { release };
}

const button = (name: string | RegExp) => screen.findByRole("button", { name });
const isDisabled = async (name: string) => (await button(name)).hasAttribute("disabled");
const heading = (name: string | RegExp) => screen.findByRole("heading", { name, level: 2 });

describe("the bulk view", () => {
  it("sends typed lines after a review, and shows the result", async () => {
    const { container } = await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one{Enter}{Enter}two{Enter}three");
    await user.click(await button("Check the lines"));
    const ready = await heading("Ready to send your lines");
    expect(document.activeElement).toBe(ready);
    expect(bulks).toEqual([]);
    await user.click(await button("Send 3 strings"));
    await heading("All sent: 3 strings accepted");
    // this browser keeps nothing
    expect(screen.getByText(/This receipt, .*, is gone when the page is closed or reloaded/)).toBeTruthy();
    expect(screen.queryByText(/is kept in this browser/)).toBeNull();
    expect(bulks.map(({ texts }) => texts)).toEqual([["one", "two", "three"]]);
    expect(await screen.findByText("2 stored, 1 failed")).toBeTruthy();
    expect(screen.getByRole("link", { name: "See the failed strings" }).getAttribute("href")).toBe(
      "#/failed",
    );
    // contrast needs a real rendering
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
    expect(violations).toEqual([]);
  });

  it("says why it waits, and retries under the same key when the strip is asked to", async () => {
    api.pipeline = pipeline({ accepting: false, journal: { status: "away", since: null } });
    onBulk = () => problem(503, "journal-away", "Later.");
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Trying again soon/);
    const tryNow = vi.spyOn(sender, "tryNow");
    await user.click(await button("Try now"));
    expect(tryNow).toHaveBeenCalled();
    onBulk = () => undefined;
    await heading("All sent: 1 string accepted");
    expect(new Set(bulks.map(({ key }) => key)).size).toBe(1);
  });

  it("waits, and is not stopped, where the service does not take strings from this place", async () => {
    onBulk = () => problem(403, "foreign-origin", "Nothing was accepted.");
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Trying again soon.*takes nothing from pages at this address/);
    expect(screen.getByText(/^The service takes nothing from pages at this address/)).toBeTruthy();
    onBulk = () => undefined;
    await heading("All sent: 1 string accepted");
    expect(new Set(bulks.map(({ key }) => key)).size).toBe(1);
  });

  it("says why a cancelled batch had stopped, not to press a button that is gone", async () => {
    onBulk = () => problem(403, "forbidden", "No.");
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    await screen.findByText("Stopped: the service refuses such requests (No.). Resume to try again.");
    await user.click(await button("Cancel"));
    await heading("Cancelled: 0 strings accepted");
    expect(screen.getByText("Stopped: the service refuses such requests (No.).")).toBeTruthy();
  });

  it("keeps what was typed over a reload", async () => {
    const visit = await open("ko");
    fireEvent.change(await screen.findByLabelText("여러 줄 텍스트"), { target: { value: "하나\n둘" } });
    visit.unmount();
    await open("ko");
    expect((await screen.findByLabelText<HTMLTextAreaElement>("여러 줄 텍스트")).value).toBe("하나\n둘");
  });

  it("lets nobody change lines of which it is not known yet whether they are kept", async () => {
    const { release } = slowToBegin();
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    expect(await isDisabled("Back")).toBe(true);
    expect(await isDisabled("Send 1 string")).toBe(true);
    release();
    await heading("All sent: 1 string accepted");
    expect(bulks).toHaveLength(1);
    expect(screen.queryByText(/^Your other lines are kept in this tab/)).toBeNull();
  });

  it("lets them be changed or sent again when the storage has failed", async () => {
    vi.spyOn(MemoryStorage.prototype, "begin").mockRejectedValueOnce(new DOMException("", "TimeoutError"));
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    await screen.findByRole("alert");
    expect(await isDisabled("Back")).toBe(false);
    await user.click(await button("Send 1 string"));
    await heading("All sent: 1 string accepted");
    expect(bulks).toHaveLength(1);
  });

  it("invites nobody to leave while only the page has the lines", async () => {
    onBulk = () => problem(403, "forbidden", "No.");
    await open();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/leave this page open until the lines are sent/);
    expect(screen.getByText(/^Cancel takes back no accepted string/)).toBeTruthy();
    expect(screen.queryByText(/You may leave or reload the page/)).toBeNull();
  });

  it("invites nobody to leave any longer once the storage has failed", async () => {
    const storage = new MemoryStorage();
    onBulk = () => problem(503, "busy", "Later.");
    await open("en", { storage, keeping: "kept" });
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Check the lines"));
    await user.click(await button("Send 1 string"));
    expect(await screen.findByText(/You may leave or reload the page/)).toBeTruthy();
    act(() => storage.onLost());
    expect(screen.getByRole("alert")).toBeTruthy();
    expect(screen.queryByText(/You may leave or reload the page/)).toBeNull();
  });

  it("sends typed lines as they are, with a byte order mark in front", async () => {
    await open();
    fireEvent.change(await screen.findByLabelText("Lines"), { target: { value: "\ufeff\ufeffone\ntwo" } });
    fireEvent.click(await button("Check the lines"));
    fireEvent.click(await button("Send 2 strings"));
    await heading("All sent: 2 strings accepted");
    expect(bulks.map(({ texts }) => texts)).toEqual([["\ufeff\ufeffone", "two"]]);
  });

  it("reads none of two files that are dropped together, and says so until something is typed", async () => {
    await open();
    const field = await screen.findByLabelText("Lines");
    const files = ["first", "second"].map((name) => new File([name], name));
    fireEvent.drop(field, { dataTransfer: { types: ["Files"], files } });
    expect(screen.getByRole("alert").textContent).toMatch(/^One file at a time/);
    fireEvent.change(field, { target: { value: "a good line" } });
    expect(screen.getByRole("alert").textContent).toBe("");
  });

  it("refuses a file that is too large, and text that is only empty lines", async () => {
    const { container } = await open();
    const file = new File(["x"], "large.txt");
    Object.defineProperty(file, "size", { value: MAX_FILE_BYTES + 1 });
    await screen.findByLabelText("Lines");
    const input = container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no file input");
    fireEvent.change(input, { target: { files: [file] } });
    expect((await screen.findByRole("alert")).textContent).toMatch(/larger than 20 MB/);
    fireEvent.change(screen.getByLabelText("Lines"), { target: { value: "\n\n" } });
    fireEvent.click(await button("Check the lines"));
    expect(await screen.findByText(/All lines are empty/)).toBeTruthy();
  });
});
