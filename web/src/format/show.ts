/** Numbers, times and durations as people read them, in the page's language and the town's time zone. */
import { languageTag, t } from "../i18n/catalogue";
import { town } from "../state/clock";

const UNKNOWN = "—";

/** A ratio as percent, e.g. 0.9812 → 98.1%; a rate short of 1 never shows as 100%. */
export function showRatio(ratio: number | null | undefined, digits = 1): string {
  if (ratio === null || ratio === undefined) return UNKNOWN;
  const floor = 10 ** -(digits + 2);
  const shown = ratio < 1 && ratio > 1 - floor ? 1 - floor : ratio;
  return `${(shown * 100).toFixed(digits)}%`;
}

/** A number with the language's separators and at most `digits` decimals. */
export function showNumber(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined) return UNKNOWN;
  return numberFormat(languageTag(), digits).format(value);
}

/** A difference with its sign, e.g. +3.2 or −0.5; what rounds to nothing is ±0. */
export function showChange(value: number, digits = 0): string {
  const shown = showNumber(Math.abs(value), digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return `±${shown}`;
  return `${value > 0 ? "+" : "−"}${shown}`;
}

/** Kilograms as tonnes with one decimal, without the unit. */
export function showTonnes(kg: number | null | undefined): string {
  return kg === null || kg === undefined ? UNKNOWN : showNumber(kg / 1000, 1);
}

/** An instant as the town's HH:MM. */
export function showTime(instant: string | number | null | undefined): string {
  if (instant === null || instant === undefined) return UNKNOWN;
  return format(instant, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** An instant as the town's HH:MM, with the date before it where that is another than the date at `atMs`. */
export function showMoment(instant: string | null | undefined, atMs: number): string {
  if (instant === null || instant === undefined) return UNKNOWN;
  const day = (of: string | number) => format(of, { month: "short", day: "numeric" });
  return day(instant) === day(atMs) ? showTime(instant) : `${day(instant)} ${showTime(instant)}`;
}

/** An instant as the town's HH:MM:SS. */
export function showClock(instantMs: number): string {
  return format(instantMs, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** The town's date of an instant with its weekday. */
export function showDay(instantMs: number): string {
  return format(instantMs, { month: "short", day: "numeric", weekday: "short" });
}

/** A service date as month and day. */
export function showDate(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(languageTag(), {
    timeZone: "UTC",
    month: "short",
    day: "numeric",
  });
}

/** Seconds as the unit that fits: s, min or h. */
export function showDuration(seconds: number): string {
  if (seconds < 90) return t("unit.s", { value: Math.max(0, Math.round(seconds)) });
  if (seconds < 5400) return t("unit.min", { value: Math.round(seconds / 60) });
  if (seconds < 48 * 3600) return t("unit.h", { value: showNumber(seconds / 3600, 1) });
  return t("unit.d", { value: showNumber(seconds / 86_400) });
}

function format(instant: string | number, options: Intl.DateTimeFormatOptions): string {
  const known = { ...options, timeZone: town.value?.timezone ?? "UTC" };
  return dateFormat(languageTag(), known).format(new Date(instant));
}

// Making a format takes a hundred times as long as using it, and a list shows many.
const dateFormats = new Map<string, Intl.DateTimeFormat>();
const numberFormats = new Map<string, Intl.NumberFormat>();

function dateFormat(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${tag} ${JSON.stringify(options)}`;
  const known = dateFormats.get(key) ?? new Intl.DateTimeFormat(tag, options);
  dateFormats.set(key, known);
  return known;
}

function numberFormat(tag: string, digits: number): Intl.NumberFormat {
  const key = `${tag} ${digits}`;
  const known =
    numberFormats.get(key) ??
    new Intl.NumberFormat(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  numberFormats.set(key, known);
  return known;
}
