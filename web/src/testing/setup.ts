import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { reachability } from "../api/reachability";
import { looseTexts } from "./looseTexts";
import { server } from "./server";

// React's act() requires this flag.
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

// jsdom's Blob lacks arrayBuffer(); FileReader can read it.
Blob.prototype.arrayBuffer ??= function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(this);
  });
};
// jsdom does not implement showModal() and close().
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false;
  this.dispatchEvent(new Event("close"));
};

// a view's code is loaded when it is opened, which is slow on a busy machine
configure({ asyncUtilTimeout: 30_000 });

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  const loose = looseTexts(document.body);
  cleanup();
  reachability.noteCheck(Number.POSITIVE_INFINITY);
  server.resetHandlers();
  localStorage.clear();
  sessionStorage.clear();
  vi.useRealTimers();
  expect(loose).toEqual([]);
});
afterAll(() => server.close());
