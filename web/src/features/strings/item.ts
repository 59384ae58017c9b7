import type { Trouble } from "../../api/apiError";
import { isId } from "../../api/id";
import type { Schema } from "../../api/schema";

/** What a string is when it is sent. */
export type Common = {
  /** The Idempotency-Key: created before the first attempt and the same in every retry. */
  readonly key: string;
  readonly text: string;
  /** Milliseconds by this browser's clock; strictly increasing, so it orders the strings. */
  readonly createdAt: number;
};
type Accepted = {
  readonly id: string;
  readonly receivedAt: string;
  /** The service's count of accepted strings up to this one; missing in strings saved by an older page. */
  readonly acceptedTotal?: number;
  /** How often it was found queued, or failed once more, after it had ended otherwise; missing for never. */
  readonly retries?: number;
};

/** A string of this browser, with its state. */
export type Item = Common &
  // triedAt changes with every attempt, so that other tabs notice attempts that fail in the same way
  (
    | { readonly state: "sending"; readonly trouble: Trouble | null; readonly triedAt: number }
    // `unread`: it may have ended, because the service could not say when it was last asked
    | ({ readonly state: "queued"; readonly unread?: true } & Accepted)
    | ({ readonly state: "stored"; readonly storedAt: string | null } & Accepted)
    | ({ readonly state: "failed"; readonly reason: string | null } & Accepted)
    | ({ readonly state: "unknown" } & Accepted)
    | ({ readonly state: "discarded" } & Accepted)
    | { readonly state: "refused"; readonly trouble: Trouble }
  );
export type State = Item["state"];
export type ItemIn<S extends State> = Extract<Item, { state: S }>;

/**
 * A state is replaced by none of lower rank, whichever tab received it: what was accepted once is not refused, and what is
 * stored is neither unknown nor failed. What one tab was refused is to be sent again if another may have brought it there.
 * Each retry by an operator begins again above all ranks but the last.
 */
const RANK: Record<State, number> = {
  sending: 0,
  refused: 0,
  queued: 1,
  unknown: 2,
  failed: 3,
  discarded: 4,
  stored: Number.POSITIVE_INFINITY,
};
const RANKS = 5;

export function isFinal({ state }: Item): boolean {
  return state !== "sending" && state !== "queued";
}

/** Whether the service does not have the string, as far as this page knows. */
export function isOnlyHere({ state }: Item): boolean {
  return state === "sending" || state === "refused" || state === "unknown" || state === "discarded";
}

export function isBehind(item: Item, other: Item): boolean {
  return heightOf(item) < heightOf(other);
}

function heightOf(item: Item): number {
  return RANK[item.state] + RANKS * (("retries" in item && item.retries) || 0);
}

/** Whether an operator, or a service that is whole again, may have changed it since it ended. */
export function mayReturn({ state }: Item): boolean {
  return state === "failed" || state === "unknown" || state === "discarded";
}

/** When it was sent: by the service's clock once that has said so, since this device's may be wrong. */
export function sentAt(item: Item): number {
  const received = "receivedAt" in item ? Date.parse(item.receivedAt) : Number.NaN;
  return Number.isNaN(received) ? item.createdAt : received;
}

/** A string that is to be sent, perhaps once more: under the same key, that stores nothing twice. */
export function unsent({ key, text, createdAt }: Common): ItemIn<"sending"> {
  return { key, text, createdAt, state: "sending", trouble: null, triedAt: 0 };
}

function common({ key, text, createdAt }: Item): Common {
  return { key, text, createdAt };
}

/** That the service has a string; when it received it may not be known yet. */
export type Acceptance = Pick<Schema<"Accepted">, "id" | "received_at"> & Partial<Schema<"Accepted">>;

export function accepted(item: Item, answer: Acceptance): Item {
  if (item.state !== "sending" && item.state !== "refused") return item;
  // even if it is stored already: only the next status response has the time
  const { id, received_at: receivedAt, accepted_total: total } = answer;
  return {
    ...common(item),
    state: "queued",
    id,
    receivedAt,
    ...(total !== undefined && { acceptedTotal: total }),
  };
}

export function delayed(item: Item, trouble: Trouble): Item {
  if (item.state !== "sending" && item.state !== "refused") return item;
  return { ...common(item), state: "sending", trouble, triedAt: Date.now() };
}

export function refused(item: Item, trouble: Trouble): Item {
  return item.state === "sending" ? { ...common(item), state: "refused", trouble } : item;
}

export function progressed(item: Item, answer: Schema<"StringState">): Item {
  if ((item.state !== "queued" && !mayReturn(item)) || !("id" in item)) return item;
  if (item.state === "queued" && answer.status === "queued") return read(item);
  if (item.state === answer.status && (item.state !== "failed" || item.reason === (answer.reason ?? null)))
    return item;
  const { id, retries = 0 } = item;
  const base = { ...common(item), id, receivedAt: answer.received_at, retries };
  switch (answer.status) {
    case "queued":
      return { ...base, state: "queued", retries: retries + 1 };
    case "stored":
      return { ...base, state: "stored", storedAt: answer.stored_at ?? null };
    case "failed":
      // again, if the journal that had it is back
      return {
        ...base,
        retries: retries + Number(item.state === "discarded"),
        state: "failed",
        reason: answer.reason ?? null,
      };
    default:
      // a newer service's, which a newer page will know
      return item;
  }
}

export function unread(item: Item): Item {
  return item.state === "queued" && !item.unread ? { ...item, unread: true } : item;
}

function read(item: ItemIn<"queued">): ItemIn<"queued"> {
  const { unread, ...rest } = item;
  return unread ? rest : item;
}

/** A dead letter leaves the service only when it is stored or discarded. */
export function notFound(item: Item): Item {
  if (item.state === "queued") return { ...read(item), state: "unknown" };
  if (item.state !== "failed") return item;
  const { reason: _, ...rest } = item;
  return { ...rest, state: "discarded" };
}

/**
 * Parses an entry written by this page; returns null for anything else. One that is not whole but has its key and text is
 * to be sent again: under the same key, that stores nothing twice.
 */
export function parseItem(json: string | null): Item | null {
  if (json === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { key, text, createdAt, state, id } = value as Record<string, unknown>;
  const whole = typeof key === "string" && typeof text === "string" && typeof createdAt === "number";
  if (!whole) return null;
  const isState = typeof state === "string" && Object.hasOwn(RANK, state);
  if (isState && (state === "sending" || state === "refused" || isId(id))) return value as Item;
  return unsent({ key, text, createdAt });
}
