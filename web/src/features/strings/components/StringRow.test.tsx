import { act, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { enterReadToken } from "../../../api/readToken";
import { pass, stopClock } from "../../../testing/clock";
import { FakeApi, pipeline, problem, stored } from "../../../testing/fakeApi";
import { idOf } from "../../../testing/ids";
import { openPage } from "../../../testing/openPage";
import { show } from "../../../testing/page";
import { server } from "../../../testing/server";

let api: FakeApi;

beforeEach(() => {
  api = new FakeApi();
});

async function send(text: string): Promise<void> {
  fireEvent.change(screen.getByRole("textbox"), { target: { value: text } });
  fireEvent.keyDown(screen.getByRole("textbox"), { key: "Enter" });
  await pass(0);
}

const row = () => screen.getByRole("button", { name: /Copy|Copied|Could not/ }).closest("li") as HTMLElement;

describe("a string's row", () => {
  it("leads to the string's own view once it has an id", async () => {
    stopClock();
    openPage();
    await send("hello");
    const link = within(row()).getByRole("link", { name: "Details" });
    expect(link.getAttribute("href")).toBe(`#/string/${idOf(`${api.submissions[0]?.key}`)}`);
  });

  it("says when the service received it, whatever the time is on this device", async () => {
    stopClock();
    vi.setSystemTime(new Date("2027-06-01T12:00:00"));
    api.onSubmit = () => problem(503, "busy", "Later.");
    openPage();
    await send("hello");
    const time = () => row().querySelector("time")?.dateTime;
    expect(time()).toContain("2027-06-01");
    api.onSubmit = () => undefined;
    await pass(5_000);
    expect(time()).toBe("2026-01-02T03:04:05.000Z");
  });

  it("no longer says that it was sent today once it is past midnight", async () => {
    stopClock();
    vi.setSystemTime(new Date("2026-06-01T23:59:58"));
    api.onSubmit = () => problem(503, "busy", "Later.");
    openPage();
    await send("hello");
    const time = () => row().querySelector("time")?.textContent;
    expect(time()).toBe("11:59:58 PM");
    await pass(2_000);
    expect(time()).toBe("Jun 1, 2026, 11:59 PM");
  });

  it("no longer says so when the device wakes up on another day", async () => {
    stopClock();
    vi.setSystemTime(new Date("2026-06-01T12:00:00"));
    api.onSubmit = () => problem(503, "busy", "Later.");
    openPage();
    await send("hello");
    show("hidden");
    vi.setSystemTime(new Date("2026-06-02T09:00:00"));
    show("visible");
    await pass(0);
    expect(row().querySelector("time")?.textContent).toBe("Jun 1, 2026, 12:00 PM");
  });

  it("copies its text, and says so", async () => {
    const user = userEvent.setup();
    const { container } = openPage();
    await user.type(screen.getByRole("textbox"), "hello{Enter}");
    await user.click(within(row()).getByRole("button", { name: "Copy" }));
    expect(await navigator.clipboard.readText()).toBe("hello");
    expect(await within(row()).findByRole("button", { name: "Copied" })).toBeTruthy();
    expect(container.querySelector("[aria-live=polite]")?.textContent).toBe("Copied");
  });

  it("says so when the browser does not let it copy", async () => {
    const user = userEvent.setup();
    openPage();
    await user.type(screen.getByRole("textbox"), "hello{Enter}");
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error());
    await user.click(within(row()).getByRole("button", { name: "Copy" }));
    expect(await within(row()).findByRole("button", { name: "Could not copy" })).toBeTruthy();
  });

  it("shows its place in line when it waits longer than usual, until it is stored", async () => {
    stopClock();
    api.acceptedTotal = 5_021;
    api.pipeline = pipeline({ waiting: 1_100, settled_total: 4_000, drain_seconds: 11 });
    openPage();
    await send("hello");
    expect(row().textContent).toMatch(/Queued Accepted; it is on its way/);
    await pass(5_000);
    expect(row().textContent).toMatch(/Queued Accepted; about 1,000th in line, about 10 s left\./);
    api.pipeline = () => new Response(null, { status: 502 });
    await pass(20_000);
    expect(row().textContent).toMatch(/Queued Accepted; it is on its way/);
    api.pipeline = pipeline();
    api.onQuery = stored;
    await pass(5_000);
    expect(row().textContent).toMatch(/Stored in 12 ms/);
  });

  it("says no more than that it is accepted where its status cannot be read without a token", async () => {
    stopClock();
    server.use(http.get("/dummies/", () => problem(401, "reader-only", "Send the token.")));
    openPage();
    await send("hello");
    await pass(3_000);
    expect(row().textContent).toContain(
      "Queued Accepted. What became of it is shown with a token for reading.",
    );
    act(() => enterReadToken("a-token-for-reading"));
  });
});
