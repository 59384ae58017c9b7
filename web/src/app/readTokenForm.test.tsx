import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { FakeApi, problem } from "../testing/fakeApi";
import { openPage } from "../testing/openPage";
import { server } from "../testing/server";
import { makeEverythingVisible } from "../testing/visibility";
import "../app/OtherView";
import { idOf } from "../testing/ids";

const TOKEN = "the-token-of-the-readers";
const AT = "2026-01-02T03:04:05.000000Z";
const ONE = {
  id: idOf("a"),
  status: "stored",
  text: "one",
  received_at: AT,
  stored_at: AT,
  attempts: null,
  reason: null,
};

let reads: (string | null)[];

beforeEach(() => {
  makeEverythingVisible();
  new FakeApi();
  reads = [];
  server.use(
    http.get("/dummies/", ({ request }) => {
      const given = request.headers.get("Authorization");
      reads.push(given);
      if (given !== `Bearer ${TOKEN}`) return problem(401, "reader-only", "Send the token.");
      return HttpResponse.json({ items: [ONE], next_cursor: null, looked_back_to: null });
    }),
  );
});

it.each([
  ["en", "Read token", "token is not valid", "only programs can export"],
  ["ko", "읽기 토큰", "토큰이 올바르지 않습니다", "토큰을 보내는 프로그램으로만"],
] as const)("asks for the token where reading is closed, in %s", async (language, label, refused, closed) => {
  window.history.replaceState(null, "", "#/history");
  openPage(language);
  const field = await screen.findByLabelText(label);
  expect((await axe.run(document.body)).violations).toEqual([]);
  expect(screen.getByText(new RegExp(closed))).toBeTruthy();
  for (const wrong of ["wrong", "토큰"]) {
    await userEvent.clear(screen.getByLabelText(label));
    await userEvent.type(screen.getByLabelText(label), `${wrong}{Enter}`);
    await screen.findByText(new RegExp(refused));
    await waitFor(() => expect(screen.getByLabelText(label)).toHaveProperty("value", wrong));
  }
  expect(sessionStorage.getItem("ix-dummies:read-token")).toBeNull();
  await userEvent.clear(screen.getByLabelText(label));
  await userEvent.type(screen.getByLabelText(label), `${TOKEN}{Enter}`);
  await screen.findByText("one");
  expect(field.isConnected).toBe(false);
  expect(screen.queryByLabelText(label)).toBeNull();
  expect(screen.getByText(new RegExp(closed))).toBeTruthy();
  expect(sessionStorage.getItem("ix-dummies:read-token")).toBe(TOKEN);
  expect(reads).not.toContain("Bearer 토큰");
});

it("asks for no token any longer once reading is open", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 200 });
  window.history.replaceState(null, "", "#/history");
  openPage();
  await userEvent.type(await screen.findByLabelText("Read token"), "half a tok");
  await vi.advanceTimersByTimeAsync(20_000);
  // still closed: what is being typed stays
  expect(screen.getByLabelText("Read token")).toHaveProperty("value", "half a tok");
  const before = reads.length;
  server.use(
    http.get("/dummies/", () => HttpResponse.json({ items: [ONE], next_cursor: null, looked_back_to: null })),
  );
  await vi.advanceTimersByTimeAsync(20_000);
  await screen.findByText("one");
  expect(screen.queryByLabelText("Read token")).toBeNull();
  expect(before).toBeGreaterThan(1);
  vi.useRealTimers();
});

it("uses the token until the page is closed where the browser has no room to keep it", async () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  window.history.replaceState(null, "", "#/history");
  openPage();
  for (const token of ["wrong", TOKEN]) {
    await userEvent.clear(await screen.findByLabelText("Read token"));
    await userEvent.type(screen.getByLabelText("Read token"), `${token}{Enter}`);
    if (token !== TOKEN) await screen.findByText(/token is not valid/);
  }
  await screen.findByText("one");
  expect(reads).toContain("Bearer wrong");
});
