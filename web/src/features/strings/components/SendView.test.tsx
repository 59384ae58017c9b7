import { fireEvent, screen, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { pass } from "../../../testing/clock";
import { type FakeApi, pipeline, problem, stored } from "../../../testing/fakeApi";
import { openPage } from "../../../testing/openPage";
import { rows, startVisit, submit } from "../../../testing/page";

let api: FakeApi;

beforeEach(() => {
  api = startVisit();
});

describe("a string", () => {
  it("goes from queued to stored before the reader's eyes", async () => {
    openPage();
    await submit("hello");
    expect(rows()[0]).toMatch(/hello.*Queued/);
    api.onQuery = stored;
    await pass(400);
    expect(rows()[0]).toMatch(/hello.*Stored in 12 ms/);
  });

  it("is retried under its key, and says why it waits", async () => {
    api.onSubmit = () => problem(503, "journal-full", "Later.", { "Retry-After": "1" });
    openPage();
    await submit("hello");
    expect(rows()[0]).toMatch(/Will retry: the journal is full\./);
    await pass(990);
    expect(api.submissions).toHaveLength(1);
    api.onSubmit = () => undefined;
    await pass(1_000);
    expect(rows()[0]).toMatch(/Queued/);
    expect(api.submissions).toHaveLength(2);
    expect(api.submissions[1]?.key).toBe(api.submissions[0]?.key);
  });

  it.each([
    ["en", 421, "unknown-host", "the service does not go by the name that this page uses"],
    ["en", 403, "foreign-origin", "the service takes nothing from pages at this address"],
    ["ko", 421, "unknown-host", "서비스가 이 페이지가 쓰는 이름으로는 응답하지 않습니다"],
    ["ko", 403, "foreign-origin", "서비스가 이 주소의 페이지에서 보내는 것을 받지 않습니다"],
  ] as const)(
    "whose answer was lost is not refused with its place (%s, %d %s)",
    async (language, status, code, words) => {
      api.onSubmit = () => HttpResponse.error();
      openPage(language);
      await submit("hello");
      const refusal = () => problem(status, code, "Nothing was accepted.");
      api.onSubmit = refusal;
      // under a name that is not its own the service answers nothing
      if (status === 421) api.pipeline = refusal;
      await pass(3_000);
      expect(rows()[0]).toContain(words);
      api.onSubmit = () => undefined;
      api.pipeline = pipeline();
      await pass(20_000);
      expect(rows()[0]).toMatch(/Queued|대기 중/);
      expect(new Set(api.submissions.map(({ key }) => key)).size).toBe(1);
    },
  );

  it("is sent once more after a reload, not twice", async () => {
    api.onSubmit = () => problem(503, "api-away", "Later.");
    const visit = openPage();
    await submit("hello");
    visit.unmount();
    api.onSubmit = () => undefined;
    openPage();
    await pass(0);
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toMatch(/hello.*Queued/);
    expect(new Set(api.submissions.map(({ key }) => key)).size).toBe(1);
  });

  it("is refused for good, with the service's reason", async () => {
    api.onSubmit = () => problem(422, "brand-new-problem", "No such strings, please.");
    openPage();
    await submit("hello");
    await pass(30_000);
    expect(rows()[0]).toMatch(/Refused The service refuses this request: No such strings, please\./);
    expect(api.submissions).toHaveLength(1);
  });

  it.each([
    ["en", 404, "not-found", /Will retry: the service has nothing at this address/],
    ["ko", 405, "method-not-allowed", /재전송 대기 중: 서비스가 이 주소에서는 아무것도 제공하지 않습니다/],
  ] as const)("is not refused where it went astray (%s, %d)", async (language, status, code, words) => {
    api.onSubmit = () => problem(status, code, "Look elsewhere.");
    openPage(language);
    await submit("hello");
    expect(rows()[0]).toMatch(words);
    api.onSubmit = () => undefined;
    await pass(30_000);
    expect(rows()[0]).toMatch(/hello/);
    expect(api.submissions.length).toBeGreaterThan(1);
    expect(new Set(api.submissions.map(({ key }) => key)).size).toBe(1);
  });

  it("shows why the database refused it", async () => {
    api.onQuery = () => ({ status: "failed", reason: "violates a check" });
    openPage();
    await submit("hello");
    await pass(400);
    expect(rows()[0]).toMatch(/Failed The database refused it: violates a check/);
  });

  it("that the service no longer knows is not polled again", async () => {
    api.onQuery = () => "not_found";
    openPage();
    await submit("hello");
    await pass(400);
    expect(rows()[0]).toMatch(/The service has no record of this string/);
    const asked = api.queries.length;
    await pass(5_000);
    expect(api.queries).toHaveLength(asked);
  });

  it("that only the unavailable database knows is called accepted and polled again", async () => {
    api.onQuery = () => "unavailable";
    openPage();
    await submit("hello");
    await pass(5_000);
    expect(rows()[0]).toMatch(/Accepted/);
    const asked = api.queries.length;
    await pass(5_000);
    expect(api.queries.length).toBeGreaterThan(asked);
  });

  it("is shown as text, whatever it looks like", async () => {
    openPage();
    await submit("<img src=x onerror=alert(1)>\nsecond line");
    const row = within(screen.getByRole("main")).getByRole("listitem");
    expect(row.querySelector("img")).toBeNull();
    expect(row.querySelector("[dir=auto]")?.textContent).toBe("<img src=x onerror=alert(1)>\nsecond line");
  });

  it("leaves the list when finished ones are cleared", async () => {
    openPage();
    await submit("done");
    api.onQuery = stored;
    await pass(400);
    api.onQuery = () => ({});
    await submit("yes");
    fireEvent.click(screen.getByRole("button", { name: "Clear finished" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toMatch(/yes/);
    expect(document.activeElement).toBe(screen.getByRole("heading", { name: "Your strings" }));
  });

  it.each([
    ["en", "Clear finished", "Keep", "Clear", "1 string is not in the service"],
    ["ko", "완료된 항목 지우기", "그대로 두기", "지우기", "문자열 1개는 서비스에 없고"],
  ] as const)(
    "that was refused is not cleared without a question, because only this browser has it (%s)",
    async (language, clear, keep, confirm, words) => {
      api.onSubmit = ({ text }) => (text === "no" ? problem(422, "invalid-text", "No.") : undefined);
      openPage(language);
      await submit("no", "yes");
      await pass(0);
      const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
      press(clear);
      expect(screen.getByRole("dialog").textContent).toContain(words);
      press(keep);
      await pass(0);
      expect(rows()).toHaveLength(2);
      press(clear);
      press(confirm);
      expect(screen.queryByRole("dialog")).toBeNull();
      expect(rows()).toHaveLength(1);
      expect(rows()[0]).toMatch(/yes/);
      expect(document.activeElement).toBe(screen.getByRole("heading", { level: 2 }));
    },
  );

  it("is announced once, together with its neighbours", async () => {
    const { container } = openPage();
    const spoken = () => container.querySelector("[aria-live=polite]")?.textContent;
    await submit("a", "b", "c");
    api.onQuery = stored;
    await pass(400);
    expect(spoken()).toBe("");
    await pass(1_100);
    expect(spoken()).toBe("3 strings stored.");
  });
});
