/** The periods that bulletins are of: a service day, its week and its month, as the API names them. */
import type { ServiceDate } from "../api/types";
import { addDays } from "../format/service-day";

export const PERIODS = ["day", "week", "month"] as const;
export type PeriodKind = (typeof PERIODS)[number];

/** The name of the period that holds a day: 2026-11-22, 2026-W47 or 2026-11. */
export function periodName(kind: PeriodKind, day: ServiceDate): string {
  if (kind === "day") return day;
  return kind === "month" ? day.slice(0, 7) : weekName(day);
}

/** The week by ISO 8601: it has the year of its Thursday. */
function weekName(day: ServiceDate): string {
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  const thursday = addDays(day, 3 - weekday);
  const year = thursday.slice(0, 4);
  const dayOfYear = (Date.parse(thursday) - Date.parse(`${year}-01-01`)) / 86_400_000;
  return `${year}-W${String(Math.floor(dayOfYear / 7) + 1).padStart(2, "0")}`;
}
