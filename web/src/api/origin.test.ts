import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, it } from "vitest";
import { server } from "../testing/server";
import { apiOrigin, knownApiOrigin, loadApiOrigin } from "./origin";
import { requestJson } from "./request";

function settingsAre(answer: () => Response) {
  server.use(http.get("/settings.json", answer));
  return loadApiOrigin();
}

afterEach(() => settingsAre(() => HttpResponse.json({ apiOrigin: "" })));

describe("the API's origin", () => {
  it("is the page's own where the settings name none", async () => {
    await settingsAre(() => HttpResponse.json({ apiOrigin: "" }));
    expect(await apiOrigin()).toBe("");
  });

  it("is the one that the settings name, for every request", async () => {
    await settingsAre(() => HttpResponse.json({ apiOrigin: "http://api.test:30000" }));
    server.use(http.get("http://api.test:30000/pipeline", () => HttpResponse.json({ there: true })));
    expect(await requestJson("Ready", "/pipeline")).toEqual({ there: true });
  });

  it("is the page's own where there are no settings", async () => {
    await settingsAre(() => new HttpResponse("<html>", { status: 404 }));
    expect(await apiOrigin()).toBe("");
  });

  it.each([
    ["nothing", () => HttpResponse.error(), "unreachable"],
    ["only a proxy", () => new HttpResponse("Bad Gateway", { status: 502 }), "unreachable"],
    ["a proxy's page", () => HttpResponse.html("<h1>Log in</h1>"), "unexpected-answer"],
    ["other JSON", () => HttpResponse.json({ error: "login" }, { status: 403 }), "unexpected-answer"],
  ])(
    "is asked for again while %s answers, and no request is sent elsewhere meanwhile",
    async (_, answer, code) => {
      await settingsAre(answer);
      expect(knownApiOrigin()).toBe("");
      await expect(requestJson("Ready", "/pipeline")).rejects.toMatchObject({ trouble: { code } });
      server.use(http.get("/settings.json", () => HttpResponse.json({ apiOrigin: "http://api.test:30000" })));
      server.use(http.get("http://api.test:30000/pipeline", () => HttpResponse.json({ there: true })));
      expect(await requestJson("Ready", "/pipeline")).toEqual({ there: true });
      expect(knownApiOrigin()).toBe("http://api.test:30000");
    },
  );
});
