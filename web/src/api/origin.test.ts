import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, it } from "vitest";
import { server } from "../testing/server";
import { apiUrl, loadApiOrigin } from "./origin";
import { requestJson } from "./request";

function settingsAre(answer: () => Response) {
  server.use(http.get("/settings.json", answer));
  return loadApiOrigin();
}

afterEach(() => settingsAre(() => HttpResponse.json({ apiOrigin: "" })));

describe("the API's origin", () => {
  it("is the page's own where the settings name none", async () => {
    await settingsAre(() => HttpResponse.json({ apiOrigin: "" }));
    expect(apiUrl("/pipeline")).toBe("/pipeline");
  });

  it("is the one that the settings name, for every request", async () => {
    await settingsAre(() => HttpResponse.json({ apiOrigin: "http://api.test:30000" }));
    server.use(http.get("http://api.test:30000/pipeline", () => HttpResponse.json({ there: true })));
    expect(await requestJson("/pipeline")).toEqual({ there: true });
  });

  it.each([
    ["an error", () => HttpResponse.error()],
    ["no JSON", () => new HttpResponse("<html>")],
  ])("is the page's own after %s", async (_, answer) => {
    await settingsAre(() => HttpResponse.json({ apiOrigin: "http://api.test:30000" }));
    await settingsAre(answer);
    expect(apiUrl("/pipeline")).toBe("/pipeline");
  });
});
