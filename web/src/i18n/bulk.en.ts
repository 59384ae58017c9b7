const count = (value: number) => new Intl.NumberFormat("en").format(value);
const strings = (value: number) => `${count(value)} ${value === 1 ? "string" : "strings"}`;

export const bulk = {
  heading: "Send many strings",
  lead: "One string per line. Type, paste or choose a file. Each is stored exactly once.",
  label: "Lines",
  placeholder: "One string per line",
  check: "Review",
  chooseFile: "Choose a file",
  fileHint: "or drop one here: plain text or CSV, up to 20 MiB",
  pasted: "your lines",
  back: "Back",
  attached: (lines: number) => `Your text: ${count(lines)} ${lines === 1 ? "line" : "lines"}`,
  remove: "Remove",
  removing: "Remove the text?",
  removingHint: "It was not sent, and is deleted from this page.",
  removingUnsure: "It may have been sent, and is deleted from this page.",
  unsure:
    "These lines may have been sent already. This browser's storage would say so, but cannot be read: close this page's other tabs, then reload. Lines that you send anyway may be stored twice.",
  useAnyway: "Use them anyway",
  faults: {
    "too-big": "The file is larger than 20 MiB. Split it and send the parts.",
    several: "One file at a time: drop or choose only one.",
    unreadable: "The file could not be read. Choose it again.",
    nothing: "All lines are empty: there is nothing to send.",
    surrogate: "The text contains half of a character (a lone surrogate), which cannot be stored. Remove it.",
  },
  reading: (name: string) => `Reading ${name}…`,
  readingBar: "Read so far",
  notUtf8: (name: string) => `${name} is not UTF-8`,
  notUtf8At: (line: number) => `Line ${count(line)} has a character that is not UTF-8.`,
  notText: (name: string) => `${name} is not a text file`,
  binary: {
    workbook: "It is a spreadsheet. Save it there as CSV UTF-8, and choose that file.",
    other: "Choose a text or CSV file. From a PDF, copy the text and paste it here.",
  },
  column: {
    label: "What to send",
    none: "Whole lines",
    name: (number: number, name: string) => `Column ${number}: ${name}`,
    named: "The first row names the columns",
  },
  looksUtf16: "It looks like UTF-16.",
  looksKorean:
    "It can be read as EUC-KR (CP949), in which many Korean files are written. Do these lines look right?",
  readAsKorean: "Yes, read it as EUC-KR",
  saveAsUtf8:
    "Save it as UTF-8, and choose it again: in Notepad with Save as and the encoding UTF-8, in Excel with the file type CSV UTF-8.",
  ready: (name: string) => `Ready to send ${name}`,
  examples: "Preview",
  counts: {
    lines: "Lines",
    empty: "Empty",
    bad: "Cannot be stored",
    strings: "To be sent",
    leftOut: "Skipped",
    refused: "Refused",
    unsent: "Not sent",
    unknown: "Outcome unknown",
    accepted: "Accepted",
  },
  badHeading: (bad: number) => `${count(bad)} ${bad === 1 ? "line" : "lines"} cannot be stored`,
  refusedHeading: (bad: number) => `${count(bad)} ${bad === 1 ? "line was" : "lines were"} refused`,
  lineFault: (line: number, detail: string) => `Line ${count(line)}: ${detail}`,
  lineFaults: {
    nul: "contains a NUL character.",
    surrogate: "contains half of a character (a lone surrogate).",
    "too-long": "is longer than 64 KiB.",
  },
  moreFaults: (more: number) => `and ${count(more)} more`,
  nothingLeft: "No line is left that could be sent.",
  send: (value: number) => `Send ${strings(value)}`,
  sendWithout: (value: number) => `Send the other ${strings(value)}`,
  saving: "Saving the lines. Until it is known whether they are saved, they cannot be changed.",
  kept: "Your other lines are kept in this tab. They can be sent when this batch is done.",
  sending: (name: string) => `Sending ${name}`,
  sendingBar: "Sent so far",
  acceptedOf: (accepted: number, all: number) => `${count(accepted)} of ${strings(all)} accepted`,
  rate: (perSecond: string, left: string) => `${perSecond} a second, about ${left} left`,
  pausing: "Pausing.",
  paused: "Paused.",
  unsettled: (value: number) =>
    `It is not known yet whether ${strings(value)} ${value === 1 ? "was" : "were"} accepted.`,
  stopped: (detail: string) => `Stopped: the service refuses such requests (${detail}).`,
  resumeHint: "Resume to try again.",
  waiting: (reason: string) => `Will retry: ${reason}`,
  elsewhere: "Another tab of this browser is sending these lines.",
  notKept: {
    denied: "This browser cannot save data for this page: leave this page open until the lines are sent.",
    closed:
      "This browser has closed this page's storage: leave this page open while it is being opened again.",
    "no-room": "This browser has no room to keep the lines: leave this page open until they are sent.",
    silent: "This browser's storage does not answer: leave this page open until the lines are sent.",
    failed: "This browser's storage cannot be read: leave this page open until the lines are sent.",
  },
  unread: {
    silent:
      "This browser's storage does not answer, so lines are not kept over a reload. Lines from an earlier visit may still be in it: close this page's other tabs, then reload.",
    failed:
      "This browser's storage cannot be read, so lines are not kept over a reload. Lines from an earlier visit may still be in it: if the disk is full, free some space; restart the browser, then reload.",
  },
  repeat: {
    heading: "Send the lines anyway?",
    hint: "Lines from an earlier visit may still be in this browser's storage, which cannot be read, and are sent once it can. If these are the same lines, they are then stored twice.",
    confirm: "Send anyway",
    cancel: "Do not send",
  },
  storageFailed: "This browser's storage has failed: reload this page. No string that was accepted is lost.",
  vanished: (accepted: number, all: number) =>
    `This browser has deleted this site's data, and a batch with it. ${
      accepted < all
        ? `Of its ${strings(all)}, at least ${count(accepted)} were accepted. See in History what is stored before you send the others again.`
        : `All of its ${strings(all)} had been accepted.`
    }`,
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  mayLeave: "You may leave or reload the page: sending continues where it was.",
  cancelHint: "Cancel takes back no accepted string, and the rest can be sent later.",
  finishing: (underWay: number) => `Finishing what is under way (${strings(underWay)})`,
  finishingHint:
    "The service may have accepted these strings already. The receipt is shown when it has answered. Nothing else is sent.",
  leave: "Do not wait",
  allSent: (accepted: number) => `All sent: ${strings(accepted)} accepted`,
  cancelled: (accepted: number) => `Cancelled: ${strings(accepted)} accepted`,
  allStored: "All of them are stored.",
  fates: (stored: number, failed: number, open: number) =>
    [
      // of none it may not be known
      (stored > 0 || open === 0) && `${count(stored)} stored`,
      failed > 0 && `${count(failed)} failed`,
      open > 0 && `${count(open)} not confirmed yet`,
    ]
      .filter(Boolean)
      .join(", "),
  gone: (gone: number) =>
    `No longer there: ${strings(gone)}. An operator discarded them, or the journal lost them.`,
  seeFailed: "See the failed strings",
  unknownOutcome: (unknown: number) =>
    `The service has not said whether it accepted ${strings(unknown)}. Send the rest to find out: nothing is stored twice.`,
  sendRest: (rest: number) => `Send the remaining ${strings(rest)}`,
  saveCsv: "Save receipt as CSV",
  saveNdjson: "Save receipt as NDJSON",
  done: "Done",
  doneHint:
    "This receipt, with the id of each line or why it was refused, is kept in this browser until you choose Done.",
  goneHint:
    "This receipt, with the id of each line or why it was refused, is gone when the page is closed or reloaded: save it.",
  delete: {
    heading: "Delete this receipt?",
    confirm: "Delete",
    keep: "Keep",
    unsent: (unsent: number) => `Not sent, and deleted from this browser: ${strings(unsent)}.`,
    unknown: (unknown: number) => `Accepted or not, you can no longer find out: ${strings(unknown)}.`,
    receipt: "The receipt has not been saved. The ids of the strings are only in it.",
  },
};
