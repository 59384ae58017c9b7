import { beforeEach, vi } from "vitest";
import { ApiError } from "../api/apiError";
import type { Schema } from "../api/schema";
import type { Chunk, ChunkReceipt } from "../features/bulk/batch";
import { Batches } from "../features/bulk/batches";
import { LineReader, type Lines } from "../features/bulk/lines";
import { Sender } from "../features/bulk/sender";

export const CHUNK = 2_000;
export const away = new ApiError({ code: "journal-away", detail: "" }, true);
/** Lines of a kilobyte each: one chunk, of which a request takes a part. */
export const LONG = linesOf(900, 999);

const all = async (ids: readonly string[]): Promise<readonly string[] | null> => ids;

/** The batches of a tab, the chunks that it has sent, what the service answers to each, and which ids it lacks. */
export const service = { batches: new Batches(null), sent: [] as Chunk[], answer: accept, missingOf: all };

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(service, { batches: new Batches(null), sent: [], answer: accept, missingOf: all });
});

export const settle = () => vi.advanceTimersByTimeAsync(0);

export function linesOf(count: number, length = 0): Lines {
  const reader = new LineReader();
  reader.read(Array.from({ length: count }, (_, index) => `${`${index + 1}`.padEnd(length)}\n`).join(""));
  return reader.end();
}

export async function accept({ key, texts }: Chunk): Promise<Schema<"BulkAccepted">> {
  const ids = texts.map((text) => `${key}-${text}`);
  return {
    count: texts.length,
    ids,
    received_at: "2026-01-02T03:04:05Z",
    accepted_total: service.sent.length,
  };
}

export function refuse(code: string, errors: Schema<"RefusedItem">[] = []): Promise<never> {
  return Promise.reject(new ApiError({ code, detail: "No." }, false, null, errors));
}

/** Makes the service answer only on request; returns what makes it, one for each chunk that was sent. */
export function hold(): (() => void)[] {
  const finish: (() => void)[] = [];
  service.answer = (chunk) => new Promise((resolve) => finish.push(() => resolve(accept(chunk))));
  return finish;
}

export async function begin(count: number, lines = linesOf(count)): Promise<Sender> {
  const send = (chunk: Chunk) => {
    service.sent.push(chunk);
    return service.answer(chunk);
  };
  const sender = new Sender(service.batches, send, (ids) => service.missingOf(ids));
  sender.start();
  await service.batches.begin("a-batch", "names.txt", lines);
  await settle();
  return sender;
}

export function progress() {
  const state = service.batches.snapshot();
  if (!state.known || !state.progress) throw new Error("no batch");
  return state.progress;
}

/** The whole receipt of the batch. */
export async function receipt(): Promise<ChunkReceipt[]> {
  return (await service.batches.wholeReceipt(progress().batch)) ?? [];
}
