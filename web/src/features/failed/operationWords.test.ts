import { expect, it } from "vitest";
import { en } from "../../i18n/en";
import { ko } from "../../i18n/ko";
import { NOTHING_DONE, type Tally, type Target } from "./operation";
import { resultWords } from "./operationWords";

function words(target: Target, tally: Partial<Tally> = {}, messages: typeof en = en) {
  const job = { kind: "retry", target, why: "" } as const;
  const operation = { id: "1", job, tally: { ...NOTHING_DONE, left: 0, ...tally }, phase: "ended" } as const;
  return resultWords({ ...operation, end: "complete" }, messages);
}

it("does not say that nothing was retried where a browser may have repeated the request by itself", () => {
  const all = { query: "" };
  expect(words(all)).toMatch(/^No string was left to retry: another operator, or a request that the browser/);
  expect(words(all, {}, ko)).toMatch(/^다시 시도할 문자열이 남아 있지 않았습니다/);
  expect(words(all, { done: 2 })).toBe("2 strings retried.");
  expect(words(all, { exact: false })).toMatch(/^0 strings retried. More may be done/);
  expect(words({ ids: ["a"] }, { skipped: 1 })).toMatch(/^0 strings retried. 1 string skipped/);
});
