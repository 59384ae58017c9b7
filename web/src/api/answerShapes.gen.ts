// Made by `npm run types` from the OpenAPI document.
export const ANSWER_SHAPES = {
  "Accepted": {
    "id": "string",
    "status": "string",
    "status_url": "string",
    "received_at": "string",
    "accepted_total": "number"
  },
  "BulkAccepted": {
    "count": "number",
    "ids": "array",
    "received_at": "string",
    "accepted_total": "number"
  },
  "FailedGroups": {
    "items": "array",
    "next_cursor": "any",
    "looked_at": "number",
    "total": "number"
  },
  "FailedPage": {
    "items": "array",
    "next_cursor": "any",
    "total": "number"
  },
  "GroupProgress": {
    "done": "number",
    "skipped": "number",
    "left": "number"
  },
  "HistoryPage": {
    "items": "array",
    "next_cursor": "any"
  },
  "Pipeline": {
    "accepting": "boolean",
    "waiting": "any",
    "failed": "any",
    "oldest_seconds": "any",
    "stored_per_second": "any",
    "drain_seconds": "any",
    "journal": "object",
    "database": "object",
    "workers": "object",
    "set_back": "any",
    "volatile": "any",
    "stored_recently": "array",
    "settled_total": "any"
  },
  "Ready": {},
  "StatusSummary": {
    "queued": "number",
    "stored": "number",
    "failed": "array",
    "not_found": "array",
    "unavailable": "number"
  },
  "StringState": {
    "id": "string",
    "status": "string",
    "received_at": "string"
  },
  "StringStates": {
    "items": "array",
    "not_found": "array",
    "unavailable": "array"
  }
} as const;
