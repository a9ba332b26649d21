/** Use by hour as a table: a row for each facility, a column for each hour, and what in it is too much. */
import type { Instant, Utilisation } from "../api/types";

export const MEASURES = {
  toilets: ["uses", "occupancy_ratio", "minutes_without_free_stall", "odour_hours_over_limit"],
  stations: ["throughput_t", "design_share", "truck_waiting_min"],
} as const;
export type Kind = keyof typeof MEASURES;
export type Measure = (typeof MEASURES)[Kind][number];

/** Above this a value is too much; a measure that is not here has no such limit. */
const LIMITS: Partial<Record<Measure, number>> = {
  occupancy_ratio: 0.999,
  minutes_without_free_stall: 0,
  odour_hours_over_limit: 0,
  design_share: 1,
};

/** Steps of the colour scale. */
export const STEPS = 5;

export interface HeatCell {
  value: number | null;
  /** 0 for nothing to STEPS for the most of the table. */
  step: number;
  isOver: boolean;
}

export interface HeatRow {
  facilityId: string;
  cells: HeatCell[];
  /** The hours together: a sum, or of a ratio the mean of the hours told. */
  day: number | null;
}

export interface Heat {
  hours: Instant[];
  rows: HeatRow[];
}

/** Lay the hours of all facilities out as a table, the facility with most first. */
export function heatOf(use: readonly Utilisation[], measure: Measure): Heat {
  const hours = [...new Set(use.map((hour) => hour.start))].sort();
  const valueAt = new Map(use.map((hour) => [`${hour.facility_id} ${hour.start}`, numberOf(hour, measure)]));
  const most = Math.max(...[...valueAt.values()].map((value) => value ?? 0), isRatio(measure) ? 1 : 0);
  const rows = [...new Set(use.map((hour) => hour.facility_id))].map((facilityId) => {
    const values = hours.map((hour) => valueAt.get(`${facilityId} ${hour}`) ?? null);
    return { facilityId, cells: values.map((value) => cellOf(value, most, measure)), day: dayOf(values, measure) };
  });
  const told = rows.filter((row) => row.day !== null);
  return { hours, rows: told.sort((a, b) => (b.day ?? 0) - (a.day ?? 0) || a.facilityId.localeCompare(b.facilityId)) };
}

export const isRatio = (measure: Measure) => measure === "occupancy_ratio" || measure === "design_share";

function numberOf(hour: Utilisation, measure: Measure): number | null {
  const value = hour.measures[measure];
  return typeof value === "number" ? value : null;
}

function cellOf(value: number | null, most: number, measure: Measure): HeatCell {
  const share = value === null || most === 0 ? 0 : value / most;
  const limit = LIMITS[measure];
  return { value, step: Math.ceil(Math.min(share, 1) * STEPS), isOver: limit !== undefined && (value ?? 0) > limit };
}

function dayOf(values: readonly (number | null)[], measure: Measure): number | null {
  const told = values.filter((value) => value !== null);
  if (told.length === 0) return null;
  const sum = told.reduce((total, value) => total + value, 0);
  return isRatio(measure) ? sum / told.length : sum;
}

/** Something about a facility's day that somebody should look at. */
export interface Attention {
  facilityId: string;
  what: "overload" | "odour" | "full" | "silent" | "stuck";
  amount: number;
}

/**
 * What needs attention: stations beyond their design, toilets with odour over the limit or no free stall, counters.
 *
 * `designT` is the design throughput of each station in t a day.
 */
export function attentionOf(
  kind: Kind,
  use: readonly Utilisation[],
  designT: ReadonlyMap<string, number>,
): Attention[] {
  const found: Attention[] = [];
  for (const facilityId of new Set(use.map((hour) => hour.facility_id))) {
    const own = use.filter((hour) => hour.facility_id === facilityId);
    const total = (measure: Measure) => own.reduce((sum, hour) => sum + (numberOf(hour, measure) ?? 0), 0);
    const add = (what: Attention["what"], amount: number) => found.push({ facilityId, what, amount });
    if (kind === "stations") {
      const share = total("throughput_t") / (designT.get(facilityId) ?? Infinity);
      if (share > 1) add("overload", share);
      continue;
    }
    const odourH = total("odour_hours_over_limit");
    const fullMin = total("minutes_without_free_stall");
    if (odourH > 0) add("odour", odourH);
    if (fullMin >= 1) add("full", fullMin);
    const counters = own.map((hour) => hour.measures["counter"]);
    if (counters.includes("stuck")) add("stuck", 1);
    else if (counters.every((counter) => counter === "silent")) add("silent", 1);
  }
  const order: Attention["what"][] = ["overload", "odour", "full", "stuck", "silent"];
  return found.sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what) || b.amount - a.amount);
}
