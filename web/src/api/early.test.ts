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
  window.early = { path: "/x", answer: Promise.resolve(ANSWER) };
  expect(await asked("/x")).toMatchObject({ next_cursor: "early" });
  expect(await asked("/x")).toMatchObject({ next_cursor: "later" });
});

it.each([
  ["failed", () => ({ path: "/x", answer: Promise.reject(new Error("503")) })],
  ["was another one", () => ({ path: "/x?q=y", answer: Promise.resolve(ANSWER) })],
  ["was none", () => undefined],
])("asks by itself if the early request %s", async (_, early) => {
  answerLater();
  window.early = early();
  expect(await asked("/x")).toMatchObject({ next_cursor: "later" });
});
