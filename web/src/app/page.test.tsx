import { screen } from "@testing-library/react";
import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeApi, problem } from "../testing/fakeApi";
import { openPage } from "../testing/openPage";
import { rows, startVisit, submit } from "../testing/page";

let api: FakeApi;

beforeEach(() => {
  api = startVisit();
});

describe.each([
  ["en", "Send a string", "Queued", "Strings are getting through."],
  ["ko", "문자열 보내기", "대기 중", "문자열이 잘 저장되고 있습니다."],
] as const)("in %s", (language, heading, queued, through) => {
  it("is entirely in its language and has no violation that axe finds", async () => {
    api.onSubmit = ({ text }) => (text === "no" ? problem(422, "invalid-text", "No.") : undefined);
    const { container } = openPage(language);
    await submit("no", "안녕하세요, IXcloud! 👋🏽");
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe(heading);
    expect(rows()[0]).toContain(queued);
    expect(screen.getByRole("status").textContent).toBe(through);
    vi.useRealTimers();
    // contrast needs a real rendering
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
    expect(violations).toEqual([]);
  });
});
