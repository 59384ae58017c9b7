import { beforeEach, expect, it, vi } from "vitest";
import { Choice } from "./choice";

let choice: Choice;

beforeEach(() => {
  choice = new Choice();
});

async function choose(name: string): Promise<string> {
  choice.read({ blob: new Blob(["one\ntwo"]), name });
  return vi.waitFor(() => {
    const current = choice.snapshot();
    if (current.step !== "read") throw new Error(current.step);
    return current.batch;
  });
}

it("forgets lines once they are a batch, and not before", async () => {
  const batch = await choose("file.txt");
  choice.forgetSent(["another tab's"]);
  expect(choice.snapshot()).toMatchObject({ step: "read", batch });
  choice.forgetSent(["another tab's", batch]);
  expect(choice.snapshot()).toEqual({ step: "choose", fault: null });
  expect(await choose("file.txt")).not.toBe(batch);
});

it("shows nothing of a source that another has replaced", async () => {
  choice.read({ blob: new Blob(["\n"]), name: "replaced.txt" });
  await choose("file.txt");
  expect(choice.snapshot()).toMatchObject({ source: { name: "file.txt" }, reading: { strings: 2 } });
});
