import { expect, it } from "vitest";
import { en } from "./en";
import { formatClock, formatDay, formatDuration, formatMoment, formatRate, formatTime } from "./format";
import { ko } from "./ko";
import { pickLanguage } from "./language";

it.each([
  [0, "1 ms", "1ms"],
  [12.4, "12 ms", "12ms"],
  [999.4, "999 ms", "999ms"],
  [999.9, "1 s", "1초"],
  [1_240, "1.2 s", "1.2초"],
  [59_960, "1 min 0 s", "1분 0초"],
  [3_725_000, "1 h 2 min", "1시간 2분"],
])("formats %d ms for people", (milliseconds, english, korean) => {
  expect(formatDuration(milliseconds, "en", en)).toBe(english);
  expect(formatDuration(milliseconds, "ko", ko)).toBe(korean);
});

it.each([
  [0, "0"],
  [0.04, "0.04"],
  [0.44, "0.4"],
  [1.4, "1"],
  [9.7, "10"],
  [54_419.2, "54,419"],
])("formats %d a second as %s", (perSecond, words) => {
  expect(formatRate(perSecond, "en")).toBe(words);
  expect(formatRate(perSecond, "ko")).toBe(words);
});

it("has a dash for a time that is none, and for a duration until then", () => {
  const none = Date.parse("garbage");
  const now = Date.now();
  expect(formatTime(none, now, "en")).toBe("—");
  expect(formatDay(none, now, "ko", ko)).toBe("—");
  expect(formatMoment(none, "en")).toBe("—");
  expect(formatClock(none, "ko")).toBe("—");
  expect(formatDuration(now - none, "en", en)).toBe("—");
});

it.each([
  [["ko-KR", "en"], "ko"],
  [["ko"], "ko"],
  [["en-US", "ko"], "en"],
  [["fr", "ko-KR"], "ko"],
  [["kok-IN"], "en"],
  [[], "en"],
])("picks the language for %j: %s", (preferred, language) => {
  expect(pickLanguage(preferred)).toBe(language);
});
