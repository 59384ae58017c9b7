// Made by `npm run types` from the OpenAPI document.
export const ANSWER_SHAPES = {
  "Accepted": {
    "id": "uuid",
    "status": "string",
    "status_url": "string",
    "received_at": "string",
    "accepted_total": "number"
  },
  "BulkAccepted": {
    "count": "number",
    "ids": "uuid[]",
    "received_at": "string",
    "accepted_total": "number"
  },
  "FailedGroup": {
    "reason": "string",
    "count": "number"
  },
  "FailedGroups": {
    "items": "FailedGroup[]",
    "next_cursor": "any",
    "looked_at": "number",
    "total": "number"
  },
  "FailedPage": {
    "items": "StringState[]",
    "next_cursor": "any",
    "total": "number"
  },
  "FailedString": {
    "id": "uuid",
    "reason": "string"
  },
  "GroupProgress": {
    "done": "number",
    "skipped": "number",
    "left": "number"
  },
  "HistoryPage": {
    "items": "StringState[]",
    "next_cursor": "any"
  },
  "PartState": {
    "status": "string"
  },
  "Pipeline": {
    "accepting": "boolean",
    "waiting": "any",
    "failed": "any",
    "oldest_seconds": "any",
    "stored_per_second": "any",
    "drain_seconds": "any",
    "journal": "PartState",
    "database": "PartState",
    "workers": "PartState",
    "set_back": "any",
    "volatile": "any",
    "stored_recently": "number[]",
    "settled_total": "any"
  },
  "Ready": {},
  "StatusSummary": {
    "queued": "number",
    "stored": "number",
    "failed": "FailedString[]",
    "not_found": "uuid[]",
    "unavailable": "number"
  },
  "StringState": {
    "id": "uuid",
    "status": "string",
    "received_at": "string"
  },
  "StringStates": {
    "items": "StringState[]",
    "not_found": "uuid[]",
    "unavailable": "uuid[]"
  }
} as const;

export const ANSWER_STATUS = {
  "Accepted": 202,
  "BulkAccepted": 202,
  "FailedGroups": 200,
  "FailedPage": 200,
  "GroupProgress": 200,
  "HistoryPage": 200,
  "Pipeline": 200,
  "Ready": 200,
  "StatusSummary": 200,
  "StringState": 200,
  "StringStates": 200
} as const;
