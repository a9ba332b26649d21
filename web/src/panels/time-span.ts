/** The span of hours that a plan's routes lie in, and where an instant lies in it. */
import type { PlannedRoute } from "../api/types";

export interface Span {
  fromMs: number;
  toMs: number;
}

const HOUR_MS = 3_600_000;
const MOST_MARKS = 5;
const STEPS_H = [1, 2, 3, 4, 6, 12, 24];

/** The whole hours that all routes lie in. */
export function spanOf(routes: readonly PlannedRoute[]): Span {
  const stops = routes.flatMap((route) => [route.stops[0], route.stops.at(-1)]).filter((stop) => stop !== undefined);
  const fromMs = Math.min(...stops.map((stop) => Date.parse(stop.arrive_at)));
  const toMs = Math.max(...stops.map((stop) => Date.parse(stop.depart_at)));
  return { fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs: Math.ceil(toMs / HOUR_MS) * HOUR_MS };
}

/** Where an instant lies in the span, in percent of it. */
export function percentOf(atMs: number, { fromMs, toMs }: Span): number {
  return ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * 100;
}

/** The part of the way to the next mark that one must have beside it to be readable. */
const LEAST_ROOM = 0.8;

/** Instants of full hours to write along the span, a handful of them, none that would be cut off at its end. */
export function hourMarks({ fromMs, toMs }: Span): number[] {
  const hours = (toMs - fromMs) / HOUR_MS;
  const step = STEPS_H.find((hoursApart) => hours / hoursApart <= MOST_MARKS) ?? 24;
  return Array.from(
    { length: Math.floor(hours / step + 1 - LEAST_ROOM) },
    (_, index) => fromMs + index * step * HOUR_MS,
  );
}
