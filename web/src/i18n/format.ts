import type { Messages } from "./en";
import type { Language } from "./language";

/** For a time that is none, which must not keep what is beside it from being shown. */
const NO_TIME = "—";

export function formatCount(count: number, language: Language): string {
  return new Intl.NumberFormat(language).format(count);
}

/** How many a second: below ten with the first digit that is not 0, so that what moves never counts as 0. */
export function formatRate(perSecond: number, language: Language): string {
  const precision = perSecond < 10 ? { maximumSignificantDigits: 1 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, precision).format(perSecond);
}

/** A duration in its largest one or two units. */
export function formatDuration(milliseconds: number, language: Language, { duration }: Messages): string {
  const number = (value: number, digits = 0) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  if (Number.isNaN(milliseconds)) return NO_TIME;
  if (milliseconds < 999.5) return duration.milliseconds(number(Math.max(1, milliseconds)));
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return duration.seconds(number(seconds, seconds < 9.95 ? 1 : 0));
  const whole = Math.round(seconds);
  if (whole < 3600) return duration.minutes(number(Math.floor(whole / 60)), number(whole % 60));
  return duration.hours(number(Math.floor(whole / 3600)), number(Math.floor((whole % 3600) / 60)));
}

/** The time of day, with the date unless it is today, which useToday knows. */
export function formatTime(at: number, today: number, language: Language): string {
  const sameDay = new Date(at).toDateString() === new Date(today).toDateString();
  const style = sameDay
    ? ({ timeStyle: "medium" } as const)
    : ({ dateStyle: "medium", timeStyle: "short" } as const);
  return format(at, style, language);
}

/** The date and the time in full. */
export function formatMoment(at: number, language: Language): string {
  return format(at, { dateStyle: "medium", timeStyle: "medium" }, language);
}

/** The time of day alone. */
export function formatClock(at: number, language: Language): string {
  return format(at, { timeStyle: "medium" }, language);
}

/** A day in full, or "today" or "yesterday". */
export function formatDay(at: number, today: number, language: Language, { history }: Messages): string {
  const daysAgo = Math.round((startOfDay(today) - startOfDay(at)) / 86_400_000);
  if (daysAgo === 0) return history.today;
  if (daysAgo === 1) return history.yesterday;
  return format(at, { dateStyle: "full" }, language);
}

function format(at: number, style: Intl.DateTimeFormatOptions, language: Language): string {
  return Number.isNaN(at) ? NO_TIME : new Intl.DateTimeFormat(language, style).format(at);
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
