import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openStorage } from "./openStorage";

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(() => vi.unstubAllGlobals());

/** Makes `indexedDB.open` end with an error, as a request or at once. */
function failToOpen(error: DOMException, atOnce: boolean) {
  vi.spyOn(indexedDB, "open").mockImplementation(() => {
    if (atOnce) throw error;
    const request = { error } as IDBOpenDBRequest;
    queueMicrotask(() => request.onerror?.(new Event("error")));
    return request;
  });
}

it.each([true, false])(
  "says that the browser denies storage only if it does (at once: %s)",
  async (atOnce) => {
    failToOpen(new DOMException("", "SecurityError"), atOnce);
    expect(await openStorage()).toEqual({ storage: null, keeping: "denied" });
  },
);

it("takes a browser without IndexedDB for one that denies storage", async () => {
  vi.stubGlobal("indexedDB", undefined);
  expect(await openStorage()).toEqual({ storage: null, keeping: "denied" });
});

it.each([new DOMException("", "SecurityError"), new Error("No.")])(
  "takes a browser that throws %s when asked for IndexedDB for one that denies storage",
  async (error) => {
    const get = () => {
      throw error;
    };
    const real = Object.getOwnPropertyDescriptor(globalThis, "indexedDB");
    Object.defineProperty(globalThis, "indexedDB", { configurable: true, get });
    expect(
      await openStorage().finally(() => real && Object.defineProperty(globalThis, "indexedDB", real)),
    ).toEqual({
      storage: null,
      keeping: "denied",
    });
  },
);

it.each(["UnknownError", "QuotaExceededError", "AbortError", "VersionError", "InvalidStateError"])(
  "says of a storage that cannot be opened that it failed: a batch may be in it (%s)",
  async (name) => {
    failToOpen(new DOMException("Internal error opening backing store", name), false);
    expect(await openStorage()).toEqual({ storage: null, keeping: "failed" });
  },
);

it("says the same of one that opens, but cannot be read", async () => {
  vi.spyOn(IDBObjectStore.prototype, "getAll").mockImplementation(() => {
    throw new DOMException("", "UnknownError");
  });
  expect(await openStorage()).toEqual({ storage: null, keeping: "failed" });
});
