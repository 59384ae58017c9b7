import { bulk } from "./bulk.en";
import { failed } from "./failed.en";
import { history } from "./history.en";

/** The page's words in English; every other language has exactly these keys. */
export const en = {
  title: "ix-dummies",
  heading: "Send a string",
  lead: "What you send is stored exactly once. You can watch it get there.",
  shell: {
    nav: "Views",
    views: { send: "Send", bulk: "Bulk", history: "History", failed: "Failed" },
    skip: "Skip to content",
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
    loading: "Loading…",
    unknown: "This page does not exist",
    unknownHint: "Its address may be incomplete or mistyped.",
    start: "Go to the start page",
    failed: (count: string) => `${count} failed`,
  },
  /** Where texts are shown only to those who have a token. */
  reading: {
    token: "Read token",
    hint: "Texts and their status are shown here only with a token: the one for reading, or an operator's. It is kept in this tab until you close it.",
  },
  form: {
    label: "Text",
    hint: "Enter sends, Shift + Enter starts a new line.",
    placeholder: "Type anything",
    submit: "Send",
    folded: (lines: number) =>
      `${new Intl.NumberFormat("en").format(lines)} lines are too many for this field: it shows only the beginning. The whole text will be sent as one string. To send one string per line:`,
  },
  refusals: {
    nul: "The text contains a NUL character, which cannot be stored. Remove it and send again.",
    surrogate:
      "The text contains half of a character (a lone surrogate), which cannot be stored. Remove it and send again.",
    "too-long": "The text is longer than 64 KiB. Shorten it or send it in parts.",
    "not-taken":
      "The text would be longer than 64 KiB, too long for one string: it was not put into the field. To send one string per line:",
    "not-dropped":
      "The dropped text is too long to be added to the one in this field, so it was not. Empty the field first, or paste the text where it belongs.",
    "storage-full":
      "This browser has no room to keep the text safe until it is sent. Clear finished strings and send again.",
    "too-many-unsent":
      "Too many strings are only in this browser: they wait to be sent, or the service does not have them. Send again when some of them are through or cleared.",
  },
  notKept: "This browser cannot save anything for this page: the list below is gone when the page is closed.",
  list: {
    heading: "Your strings",
    empty: "Nothing sent yet.",
    emptyHint: "Strings you send appear here with their status.",
    clear: "Clear finished",
    clearing: {
      heading: "Clear finished strings?",
      onlyHere: (count: number) =>
        plural(
          count,
          "string is not in the service: only this browser has it, and it is deleted for good",
          "strings are not in the service: only this browser has them, and they are deleted for good",
        ),
      confirm: "Clear",
      keep: "Keep",
    },
    blank: "(white space only)",
    erased: "(erased by an operator)",
    more: "Show all",
    less: "Show less",
  },
  states: {
    sending: "Sending",
    delayed: "Will retry:",
    queued: "Queued",
    accepted: "Accepted",
    stored: "Stored",
    failed: "Failed",
    refused: "Refused",
    unknown: "Unknown",
    discarded: "Gone",
  },
  notes: {
    queued: "Accepted; it is on its way to the database.",
    unread: "Accepted. What became of it is shown with a token for reading.",
    unconfirmed: "Whether it is stored cannot be read at present.",
    storedIn: (duration: string) => `in ${duration}`,
    failed: (reason: string) => `The database refused it: ${reason}`,
    failedUnexplained: "The database refused it.",
    unknown: "The service has no record of this string.",
    discarded: "It had failed. An operator discarded it, or the journal lost it.",
  },
  /** Why a string waits here; follows `states.delayed`. */
  delays: {
    unreachable: "the service does not answer.",
    "timed-out": "the service does not answer in time.",
    "api-away": "the service does not answer.",
    "unknown-host":
      "the service does not go by the name that this page uses; an operator can add it to ALLOWED_HOSTS.",
    "foreign-origin":
      "the service takes nothing from pages at this address; an operator can add it to CORS_ORIGINS.",
    "not-found": "the service has nothing at this address; an operator can correct where requests are sent.",
    "method-not-allowed":
      "the service has nothing at this address; an operator can correct where requests are sent.",
    "unexpected-answer": "the service gave an unexpected response.",
    "journal-away": "the journal does not answer.",
    "database-away": "the database is unreachable, so whether it is stored is not known.",
    "database-error": "the database refuses to say whether it is stored.",
    "database-slow": "the database took too long to say whether it is stored.",
    "journal-full": "the journal is full.",
    "journal-volatile": "the journal would not keep it safe.",
    "internal-error": "something went wrong in the service.",
    busy: "the service is busy.",
    draining: "the service is being restarted.",
    "too-large":
      "the service, or a server in front of it, takes no request of this size; an operator can allow larger ones.",
    "rate-limited": "too many requests; sending is limited for a moment.",
  },
  /** Why a string waits for a reason that the page has no words for; `detail` is the service's own English explanation. */
  delayedBecause: (detail: string) => `the service says: ${detail}`,
  /** Why a string was refused for good; `detail` is the service's own English explanation. */
  problems: {
    "unexpected-answer": (detail: string) => `The service does not take strings at this address (${detail}).`,
    "invalid-text": (detail: string) => `This text cannot be stored. ${detail}`,
    "key-reused": () => "The service has seen this string's key with another text. Send the text again.",
    "too-large": () => "The text is too long for the service. Shorten it or send it in parts.",
  },
  pipeline: {
    asking: "Checking the service…",
    through: "Strings are getting through.",
    setAside: "Strings are getting through; some failed and are tried again by themselves.",
    someFailed: "Strings are getting through, but some failed and need an operator.",
    yoursFailed: "Some of your strings failed and need an operator.",
    yoursDelayed: "Some of your strings have not been accepted yet; they will be sent again.",
    unaccounted: "The service's counts do not add up; an operator must look. New strings are accepted.",
    unsure: "Strings are accepted; whether they get through is not known yet.",
    paused: "An operator has paused storing; strings are accepted and wait safely.",
    pausedSince: (time: string, reason: string) => `since ${time}: ${reason}`,
    databaseUnavailable: "The database is unreachable; strings are accepted and wait safely.",
    workersUnavailable: "No worker is answering; strings are accepted and wait safely.",
    journalSetBack:
      "The journal came back without some of the accepted strings; an operator must look. New ones are accepted.",
    journalFull: "The journal is full; strings typed here wait in this browser.",
    journalVolatile: "The journal would not keep strings safe; strings typed here wait in this browser.",
    journalUnavailable: "The journal is unreachable; strings typed here wait in this browser.",
    journalPartlyUnavailable: "A part of the journal is unreachable; strings for it wait in this browser.",
    unknownHost: "The service does not go by this name; strings typed here wait in this browser.",
    foreignOrigin:
      "The service takes nothing from pages at this address; strings typed here wait in this browser.",
    noAnswer: "The service does not answer; strings typed here wait in this browser.",
    offline: "This device is offline; strings typed here wait in this browser.",
    tryNow: "Try now",
    failed: (count: string) => `${count} failed`,
    details: {
      show: "Details",
      waiting: "Waiting",
      oldest: "Longest wait",
      rate: "Stored per second",
      left: "Time left",
      failed: "Failed",
      journal: "Journal",
      database: "Database",
      workers: "Workers",
      workersUp: (count: string) => `Workers (${count})`,
      nothing: "none",
      notKnown: "not known",
      states: { up: "Up", away: "Unreachable", unknown: "Not known yet" },
      since: (time: string) => `since ${time}`,
      chart: (total: string, peak: string) =>
        `Stored in the last 5 minutes: ${total}, at most ${peak} a second.`,
      chartHeading: "The last 5 minutes",
      chartPeak: (peak: string) => `peak ${peak}/s`,
      chartStart: "5 min ago",
      chartEnd: "now",
      noFigures: "There are no figures at the moment.",
    },
    waiting: (count: string) => `${count} waiting`,
    waitingFor: (count: string, duration: string) => `${count} waiting, about ${duration}`,
  },
  announce: {
    delayed: (count: number) => plural(count, "string will be sent again", "strings will be sent again"),
    stored: (count: number) => plural(count, "string stored", "strings stored"),
    failed: (count: number) => plural(count, "string failed", "strings failed"),
    refused: (count: number) => plural(count, "string refused", "strings refused"),
    unknown: (count: number) => plural(count, "string not found", "strings not found"),
    discarded: (count: number) => plural(count, "string discarded", "strings discarded"),
  },
  found: {
    all: (hits: number) => plural(hits, "string found", "strings found"),
    soFar: (hits: number) => plural(hits, "string found so far", "strings found so far"),
  },
  copy: { copy: "Copy", copied: "Copied", failed: "Could not copy", again: "Press again to copy" },
  send: {
    details: "Details",
    bytes: (count: string, limit: string) => `${count} of ${limit} bytes`,
    bytesOver: (count: string) => `(${count} too many)`,
    inLine: (place: number) => `Accepted; about ${nth(place)} in line.`,
    inLineFor: (place: number, duration: string) =>
      `Accepted; about ${nth(place)} in line, about ${duration} left.`,
  },
  bulk,
  failed,
  history,
  duration: {
    milliseconds: (value: string) => `${value} ms`,
    seconds: (value: string) => `${value} s`,
    minutes: (minutes: string, seconds: string) => `${minutes} min ${seconds} s`,
    hours: (hours: string, minutes: string) => `${hours} h ${minutes} min`,
  },
  footer: "ix-dummies: strings on their way into PostgreSQL, each exactly once.",
  api: "API documentation",
  crashed: "The page has stopped working",
  crashedHint: "Reload the page to continue. What this browser has saved is kept.",
  reload: "Reload",
};

export type Messages = typeof en;

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}.`;
}

const ORDINAL_SUFFIXES: Record<string, string> = { one: "st", two: "nd", few: "rd", other: "th" };

function nth(count: number): string {
  const rule = new Intl.PluralRules("en", { type: "ordinal" }).select(count);
  return `${new Intl.NumberFormat("en").format(count)}${ORDINAL_SUFFIXES[rule]}`;
}
