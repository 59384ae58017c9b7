import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { reachability } from "../../../api/reachability";
import { saveFile } from "../../../files/saveFile";
import { FakeApi, pipeline, problem } from "../../../testing/fakeApi";
import { idOf } from "../../../testing/ids";
import { openBulk } from "../../../testing/openBulk";
import { server } from "../../../testing/server";
import { MemoryStorage } from "../memoryStorage";
import { MAX_FILE_BYTES } from "../readLines";

vi.mock("../../../files/saveFile", () => ({ saveFile: vi.fn() }));

let api: FakeApi;
let bulks: { key: string | null; texts: string[] }[];
let onBulk: () => Response | undefined;
let failing: string[];

beforeEach(() => {
  window.location.hash = "#/many";
  api = new FakeApi();
  api.pipeline = pipeline({ settled_total: 3 });
  bulks = [];
  onBulk = () => undefined;
  failing = [idOf("two")];
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
      const ids = texts.map(idOf);
      const body = { count: ids.length, ids, received_at: "2026-01-02T03:04:05Z", accepted_total: 3 };
      return onBulk() ?? HttpResponse.json(body, { status: 202 });
    }),
  );
  return () => {
    window.location.hash = "";
  };
});

const button = (name: string | RegExp) => screen.findByRole("button", { name });
const heading = (name: string | RegExp) => screen.findByRole("heading", { name, level: 2 });

describe("the bulk view", () => {
  it("sends typed lines after a review, and shows the result", async () => {
    const { container } = await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one{Enter}{Enter}two{Enter}three");
    await user.click(await button("Review"));
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

  it("counts a receipt as saved only once there is a file", async () => {
    const steps: string[] = [];
    vi.mocked(saveFile).mockImplementation(() => void steps.push("file"));
    vi.spyOn(MemoryStorage.prototype, "noteSaved").mockImplementation(async () => {
      steps.push("saved");
      throw new DOMException("", "TimeoutError");
    });
    await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await user.click(await button("Save receipt as CSV"));
    await vi.waitFor(() => expect(steps).toEqual(["file", "saved"]));
    await user.click(await button("Done"));
    expect(screen.getByText(/^The receipt has not been saved/)).toBeTruthy();
  });

  it("says why it waits, and retries under the same key when the strip is asked to", async () => {
    api.pipeline = pipeline({ accepting: false, journal: { status: "away", since: null } });
    onBulk = () => problem(503, "journal-away", "Later.");
    const { sender } = await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Will retry/);
    expect(reachability.snapshot().batchDelayed).toBe(true);
    const tryNow = vi.spyOn(sender, "tryNow");
    await user.click(await button("Try now"));
    expect(tryNow).toHaveBeenCalled();
    onBulk = () => undefined;
    await heading("All sent: 1 string accepted");
    expect(reachability.snapshot().batchDelayed).toBe(false);
    expect(new Set(bulks.map(({ key }) => key)).size).toBe(1);
  });

  it("waits, and is not stopped, where the service does not take strings from this place", async () => {
    onBulk = () => problem(403, "foreign-origin", "Nothing was accepted.");
    await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Will retry.*takes nothing from pages at this address/);
    expect(screen.getByText(/^The service takes nothing from pages at this address/)).toBeTruthy();
    onBulk = () => undefined;
    await heading("All sent: 1 string accepted");
    expect(new Set(bulks.map(({ key }) => key)).size).toBe(1);
  });

  it.each([
    ["en", () => problem(413, "too-large", "Send less."), "takes no request of this size"],
    ["ko", () => problem(413, "too-large", "Send less."), "이 크기의 요청을 받지 않습니다"],
    ["ko", () => new HttpResponse("<h1>Too large</h1>", { status: 413 }), "이 크기의 요청을 받지 않습니다"],
  ] as const)(
    "says that a request whose answer was lost is too large, and sends nothing else (%s, %s)",
    async (language, tooLarge, words) => {
      onBulk = () => (bulks.length === 1 ? HttpResponse.error() : tooLarge());
      await openBulk(language);
      const user = userEvent.setup();
      await user.type(await screen.findByRole("textbox"), "one{Enter}two");
      await user.click(await button(/^Review|^내용/));
      await user.click(await button(/^Send 2|2개 보내기$/));
      await screen.findByText(new RegExp(words));
      onBulk = () => undefined;
      await heading(/^All sent|^모두 보냈습니다/);
      expect(new Set(bulks.map(({ key }) => key)).size).toBe(1);
    },
  );

  it("says that a batch is paused only once what was under way is answered", async () => {
    onBulk = () => problem(503, "journal-away", "Later.");
    const { sender } = await openBulk("en", { storage: new MemoryStorage(), keeping: "kept" });
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Will retry/);
    expect(screen.getByText(/You may leave or reload the page/)).toBeTruthy();
    await user.click(await button("Pause"));
    await screen.findByText(/^Pausing. It is not known yet whether 1 string was accepted. Will retry/);
    expect(screen.queryByText(/You may leave or reload the page/)).toBeNull();
    onBulk = () => undefined;
    sender.tryNow();
    await heading("All sent: 1 string accepted");
  });

  it("says why a cancelled batch had stopped, not to press a button that is gone", async () => {
    onBulk = () => problem(403, "forbidden", "No.");
    await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(
      "Stopped: the service refuses such requests (No.). It is not known yet whether 1 string was accepted. Resume to try again.",
    );
    await user.click(await button("Cancel"));
    await heading("Cancelled: 0 strings accepted");
    expect(screen.getByText("Stopped: the service refuses such requests (No.).")).toBeTruthy();
  });

  it("does not say that a batch has stopped whose lines were all accepted in the end", async () => {
    let refuse = true;
    onBulk = () => (refuse ? problem(403, "forbidden", "No.") : undefined);
    await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/^Stopped: /);
    refuse = false;
    await user.click(await button("Cancel")); // which sends again what may have been accepted
    await heading("All sent: 1 string accepted");
    expect(screen.queryByText(/^Stopped: /)).toBeNull();
  });

  it("invites no one to leave while only the page has the lines", async () => {
    onBulk = () => problem(403, "forbidden", "No.");
    await openBulk();
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await screen.findByText(/leave this page open until the lines are sent/);
    expect(screen.getByText(/^Cancel takes back no accepted string/)).toBeTruthy();
    expect(screen.queryByText(/You may leave or reload the page/)).toBeNull();
  });

  it("invites no one to leave any longer once the storage has failed", async () => {
    const storage = new MemoryStorage();
    onBulk = () => problem(503, "busy", "Later.");
    const { sender } = await openBulk("en", { storage, keeping: "kept" });
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    expect(await screen.findByText(/You may leave or reload the page/)).toBeTruthy();
    act(() => storage.onChange("lost"));
    expect(screen.getByRole("alert")).toBeTruthy();
    expect(screen.queryByText(/You may leave or reload the page/)).toBeNull();
    // its next try would fall into another test
    onBulk = () => undefined;
    sender.tryNow();
    await heading("All sent: 1 string accepted");
  });

  it("says of no receipt that it is kept once the storage has failed", async () => {
    const storage = new MemoryStorage();
    await openBulk("en", { storage, keeping: "kept" });
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Lines"), "one");
    await user.click(await button("Review"));
    await user.click(await button("Send 1 string"));
    await heading("All sent: 1 string accepted");
    expect(screen.getByText(/is kept in this browser until you choose Done/)).toBeTruthy();
    act(() => storage.onChange("lost"));
    expect(screen.getByRole("alert")).toBeTruthy();
    expect(screen.queryByText(/is kept in this browser/)).toBeNull();
  });

  it("sends typed lines as they are, with a byte order mark in front", async () => {
    await openBulk();
    fireEvent.change(await screen.findByLabelText("Lines"), { target: { value: "\ufeff\ufeffone\ntwo" } });
    fireEvent.click(await button("Review"));
    fireEvent.click(await button("Send 2 strings"));
    await heading("All sent: 2 strings accepted");
    expect(bulks.map(({ texts }) => texts)).toEqual([["\ufeff\ufeffone", "two"]]);
  });

  it("reads none of two files that are dropped together, and says so until something is typed", async () => {
    await openBulk();
    const field = await screen.findByLabelText("Lines");
    const files = ["first", "second"].map((name) => new File([name], name));
    fireEvent.drop(field, { dataTransfer: { types: ["Files"], files } });
    expect(screen.getByRole("alert").textContent).toMatch(/^One file at a time/);
    fireEvent.change(field, { target: { value: "a good line" } });
    expect(screen.getByRole("alert").textContent).toBe("");
  });

  it("refuses a file that is too large, and text that is only empty lines", async () => {
    const { container } = await openBulk();
    const file = new File(["x"], "large.txt");
    Object.defineProperty(file, "size", { value: MAX_FILE_BYTES + 1 });
    await screen.findByLabelText("Lines");
    const input = container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no file input");
    fireEvent.change(input, { target: { files: [file] } });
    expect((await screen.findByRole("alert")).textContent).toMatch(/larger than 20 MiB/);
    fireEvent.change(screen.getByLabelText("Lines"), { target: { value: "\n\n" } });
    fireEvent.click(await button("Review"));
    expect(await screen.findByText(/All lines are empty/)).toBeTruthy();
  });

  it.each(["paste", "drop", "type", "restore"] as const)(
    "lets no more lines into the field than it can show (%s)",
    async (way) => {
      const text = "1\n".repeat(20_000);
      if (way === "restore") sessionStorage.setItem("ix-dummies:draft:lines", text);
      await openBulk();
      const data = { types: ["text/plain"], getData: () => text };
      const event = { clipboardData: data, dataTransfer: data };
      if (way === "paste" || way === "drop")
        expect(fireEvent[way](await screen.findByLabelText("Lines"), event)).toBe(false);
      if (way === "type")
        fireEvent.change(await screen.findByLabelText("Lines"), { target: { value: text } });
      expect(await screen.findByText("Your text: 20,000 lines")).toBeTruthy();
      expect(screen.queryByRole("textbox")).toBeNull();
    },
  );

  it("leaves lines that are moved within the field to the browser: added to it, they would be there twice", async () => {
    await openBulk();
    const field = await screen.findByLabelText<HTMLTextAreaElement>("Lines");
    const lines = "1\n".repeat(900);
    fireEvent.change(field, { target: { value: lines } });
    field.setSelectionRange(0, 1_000);
    const dataTransfer = { types: ["text/plain"], getData: () => lines.slice(0, 1_000) };
    expect(fireEvent.drop(field, { dataTransfer })).toBe(true);
    expect(field.value).toBe(lines);
  });
});
