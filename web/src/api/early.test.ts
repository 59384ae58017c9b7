import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { server } from "../testing/server";
import { requestJson } from "./request";

const PAGE = { items: [], next_cursor: null, looked_back_to: null };
const asked = (path: string) => requestJson("HistoryPage", path);
const ANSWER = {
  status: 200,
  headers: new Headers(),
  text: JSON.stringify({ ...PAGE, next_cursor: "early" }),
};

function answerLater(): void {
  server.use(http.get("/x", () => HttpResponse.json({ ...PAGE, next_cursor: "later" })));
}

it("answers the request that was sent before the page's code ran, once", async () => {
  answerLater();
  window.early = { path: "/x", answer: Promise.resolve(ANSWER), arrivedAt: null };
  expect(await asked("/x")).toMatchObject({ next_cursor: "early" });
  expect(await asked("/x")).toMatchObject({ next_cursor: "later" });
});

const early = (changes: object) => ({
  path: "/x",
  answer: Promise.resolve(ANSWER),
  arrivedAt: null,
  ...changes,
});

it.each([
  ["failed", () => early({ answer: Promise.reject(new TypeError("Failed to fetch")) })],
  ["was another one", () => early({ path: "/x?q=y" })],
  ["was answered long ago", () => early({ arrivedAt: performance.now() - 60_000 })],
  ["was none", () => undefined],
])("asks by itself if the early request %s", async (_, before) => {
  answerLater();
  window.early = before();
  expect(await asked("/x")).toMatchObject({ next_cursor: "later" });
});

it("says that nothing answers if the early request has waited for long enough", async () => {
  window.early = early({ answer: Promise.reject(new DOMException("", "TimeoutError")) });
  await expect(asked("/x")).rejects.toMatchObject({ trouble: { code: "timed-out" } });
});

it("waits as long as the early answer says before it asks again", async () => {
  const answer = { status: 503, headers: new Headers({ "Retry-After": "7" }), text: "" };
  window.early = early({ answer: Promise.resolve(answer) });
  await expect(asked("/x")).rejects.toMatchObject({ transient: true, retryAfter: 7_000 });
});
