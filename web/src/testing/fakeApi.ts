import { HttpResponse, http } from "msw";
import type { Schema } from "../api/schema";
import { idOf } from "./ids";
import { server } from "./server";

type Submission = { at: number; key: string | null; text: string };
type StatusQuery = { at: number; ids: string[] };

const RECEIVED = "2026-01-02T03:04:05.000000Z";
const STORED = "2026-01-02T03:04:05.012000Z";

/** An API that by default accepts every string and leaves it queued. */
export class FakeApi {
  readonly submissions: Submission[] = [];
  readonly queries: StatusQuery[] = [];
  pipelineReads: number[] = [];
  pipeline: Schema<"Pipeline"> | (() => Response) = pipeline();
  acceptedTotal = 1;
  /** Overrides the response to a submission, if it returns one. */
  onSubmit: (submission: Submission) => Response | undefined = () => undefined;
  /** The state of an id, or the list of the response that it is in. */
  onQuery: (id: string) => Partial<Schema<"StringState">> | "not_found" | "unavailable" = () => ({});

  constructor() {
    server.use(
      http.post("/dummies/", async ({ request }) => {
        const { text } = (await request.json()) as Schema<"SubmitRequest">;
        const submission = { at: Date.now(), key: request.headers.get("Idempotency-Key"), text };
        this.submissions.push(submission);
        return this.onSubmit(submission) ?? this.accept(idOf(`${submission.key}`));
      }),
      http.get("/dummies/", ({ request }) => {
        const ids = new URL(request.url).searchParams.getAll("id");
        this.queries.push({ at: Date.now(), ids });
        return HttpResponse.json(this.states(ids));
      }),
      http.get("/pipeline", () => {
        this.pipelineReads.push(Date.now());
        return typeof this.pipeline === "function" ? this.pipeline() : HttpResponse.json(this.pipeline);
      }),
    );
  }

  private accept(id: string): Response {
    const body: Schema<"Accepted"> = {
      id,
      status: "queued",
      status_url: `/dummies/${id}`,
      received_at: RECEIVED,
      accepted_total: this.acceptedTotal,
    };
    return HttpResponse.json(body, { status: 202 });
  }

  private states(ids: string[]): Schema<"StringStates"> {
    const answer: Schema<"StringStates"> = { items: [], not_found: [], unavailable: [] };
    for (const id of ids) {
      const known = this.onQuery(id);
      if (typeof known === "string") answer[known].push(id);
      else answer.items.push(state(id, known));
    }
    return answer;
  }
}

export function stored(): Partial<Schema<"StringState">> {
  return { status: "stored", stored_at: STORED };
}

export function pipeline(changes: Partial<Schema<"Pipeline">> = {}): Schema<"Pipeline"> {
  const up = { status: "up", since: null } as const;
  const counts = {
    waiting: 0,
    failed: 0,
    oldest_seconds: null,
    stored_per_second: null,
    drain_seconds: null,
  };
  const parts = { journal: up, database: up, workers: up };
  return {
    accepting: true,
    ...counts,
    ...parts,
    set_back: null,
    volatile: null,
    worker_count: 1,
    shards_away: [],
    shards_refusing: [],
    stored_recently: [],
    settled_total: 0,
    set_aside: 0,
    set_aside_reason: null,
    unaccounted: 0,
    paused: null,
    ...changes,
  };
}

export function problem(status: number, code: string, detail: string, headers: HeadersInit = {}): Response {
  const body = { type: `urn:ix-dummies:problem:${code}`, title: code, status, detail };
  const all = new Headers(headers);
  all.set("Content-Type", "application/problem+json");
  return new HttpResponse(JSON.stringify(body), { status, headers: all });
}

function state(id: string, known: Partial<Schema<"StringState">>): Schema<"StringState"> {
  const unknown = { text: null, stored_at: null, attempts: null, reason: null };
  return { id, status: "queued", received_at: RECEIVED, ...unknown, ...known };
}
