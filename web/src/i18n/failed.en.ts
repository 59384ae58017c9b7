const count = (value: number) => new Intl.NumberFormat("en").format(value);
const strings = (value: number) => `${count(value)} ${value === 1 ? "string" : "strings"}`;
const remain = (value: number) => (value === 1 ? "remains" : "remain");

export const failed = {
  heading: "Failed strings",
  lead: "Strings that the database refused. Try them again when the cause is gone, or discard them.",
  token: "Operator token",
  tokenHint: "The token that you have as an operator. It is kept in this tab until you close it.",
  useToken: "Continue",
  wrongToken: "This token is not valid. Check it and enter it again.",
  forget: "Forget token",
  disabled: "Managing failed strings is turned off",
  disabledHint:
    "The service was started without an OPERATOR_TOKEN. Set one, start the service again, and try again here.",
  again: "Try again",
  search: "Search in texts and reasons",
  searchPlaceholder: "Case-sensitive",
  listHeading: "Failed strings",
  total: (total: number) => `${strings(total)} failed`,
  shown: (shown: number, total: number) => `${count(shown)} of ${strings(total)} shown`,
  matches: {
    all: (value: number) => `${strings(value)} ${value === 1 ? "matches" : "match"}`,
    soFar: (value: number) =>
      `${count(value)} ${value === 1 ? "match" : "matches"} shown; there may be more below`,
  },
  reasons: (value: number) => `By reason (${count(value)})`,
  showReason: "Show these strings",
  retryGroup: "Retry…",
  otherReasons: (value: number) => `and ${count(value)} smaller groups: search to find them`,
  counted: (counted: number, total: number) => `${count(counted)} of ${strings(total)} counted.`,
  countMore: "Count more",
  refresh: "Refresh",
  outdated: {
    certainly: "The list has changed. Refresh it to see what is new or gone.",
    perhaps: "The list may have changed. Refresh it to see what is new or gone.",
  },
  waiting: (reason: string) => `Will retry: ${reason}`,
  none: "No string has failed.",
  noMatch: "No failed string contains this.",
  more: "Show more",
  choose: "Select",
  chooseShown: "Select all that are shown",
  chosen: (value: number) => `${count(value)} selected`,
  retry: "Retry",
  discard: "Discard…",
  retryAll: "Retry all…",
  discardAll: "Discard all…",
  retryMatching: "Retry all that match…",
  discardMatching: "Discard all that match…",
  retryChosen: (value: number) => `Retry ${strings(value)}`,
  discardChosen: (value: number) => `Discard ${strings(value)}`,
  noReason: "No reason was given.",
  received: (time: string) => `Received ${time}`,
  attempts: (value: number) => `${count(value)} ${value === 1 ? "attempt" : "attempts"}`,
  operation: "Retrying or discarding failed strings",
  which: {
    all: "all failed strings",
    containing: (query: string) => `all failed strings that contain “${query}”`,
    withReason: (reason: string) => `all strings that failed with “${reason}”`,
    chosen: strings,
  },
  stop: "Stop",
  stopping: "Stopping…",
  progress: "Looked at so far",
  working: {
    retry: (which: string) => `Retrying ${which}…`,
    discard: (which: string) => `Discarding ${which}…`,
  },
  soFar: {
    retry: (value: number) => `${strings(value)} retried so far.`,
    discard: (value: number) => `${strings(value)} discarded so far.`,
  },
  lookedAt: (value: number, total: number) => `Looked at ${count(value)} of ${count(total)}.`,
  ended: {
    stopped: "Stopped.",
    interrupted: "The tab was reloaded or closed before it was done.",
    tokenRefused: "The operator token is no longer valid. Enter it again under Failed.",
  },
  finished: {
    retry: (value: number) => `${strings(value)} retried.`,
    discard: (value: number) => `${strings(value)} discarded.`,
  },
  /** Where a browser repeats a request by itself, the answer is to the copy, which finds nothing left. */
  noneLeft: {
    retry:
      "No string was left to retry: another operator, or a request that the browser repeated, may have done it.",
    discard:
      "No string was left to discard: another operator, or a request that the browser repeated, may have done it.",
  },
  notExact: "More may be done than was counted: an answer was interrupted.",
  skipped: (value: number) =>
    `${strings(value)} skipped: already handled (by another operator, or by a request that the browser repeated) or not readable.`,
  unclear: {
    retry: (value: number) =>
      `${strings(value)} retried, or handled by another operator: an answer was lost.`,
    discard: (value: number) =>
      `${strings(value)} discarded, or handled by another operator: an answer was lost.`,
  },
  refused: (value: number) => `The service refused ${strings(value)}.`,
  untouched: (value: number) => `${strings(value)} ${remain(value)} to be done.`,
  notLookedAt: (value: number) => `${strings(value)} not looked at yet.`,
  retryHint: "Strings that the database refuses again come back to the failed strings.",
  doTheRest: "Do the rest",
  dismiss: "Close",
  confirm: {
    retry: (which: string) => `Retry ${which}?`,
    discard: (which: string) => `Discard ${which} for good?`,
  },
  present: (value: number | null) =>
    `${value === null ? "" : `${strings(value)} at present. `}Those that fail meanwhile may be included.`,
  confirmed: { retry: "Retry", discard: "Discard" },
  confirmHint: {
    retry: "Each goes back into the journal and is stored once, or refused again.",
    discard:
      "What is discarded cannot be recovered here, and is stored only if its sender sends it again. The reason goes to the service's log.",
  },
  reason: "Reason",
  reasonMissing: "Enter a reason for the log.",
  cancel: "Cancel",
};
