/** The hours of a plan's time lines. */
import { expect, test } from "vitest";

import { hourMarks, percentOf, spanOf, type Span } from "./time-span";

const stop = (instant: string) => ({
  sequence: 0,
  kind: "depot" as const,
  id: "D1",
  lon: 0,
  lat: 0,
  name: null,
  arrive_at: instant,
  depart_at: instant,
  load_kg: 0,
  collected_kg: 0,
  occurrence: null,
  demand_kg: null,
  demand_source: null,
  leg_distance_m: 0,
  leg_duration_s: 0,
});

const route = (from: string, to: string) => ({
  vehicle_id: "V1",
  distance_m: 0,
  duration_s: 0,
  collected_kg: 0,
  stops: [stop(from), stop(to)],
});

test("the span is the whole hours around all routes", () => {
  const span = spanOf([
    route("2026-11-22T05:20:00Z", "2026-11-22T09:00:00Z"),
    route("2026-11-22T06:00:00Z", "2026-11-22T12:01:00Z"),
  ]);
  expect(new Date(span.fromMs).toISOString()).toBe("2026-11-22T05:00:00.000Z");
  expect(new Date(span.toMs).toISOString()).toBe("2026-11-22T13:00:00.000Z");
  expect(percentOf(Date.parse("2026-11-22T09:00:00Z"), span)).toBe(50);
  const hoursOf = (marked: Span) => hourMarks(marked).map((atMs) => new Date(atMs).getUTCHours());
  expect(hoursOf(span)).toEqual([5, 7, 9, 11]);
  // Half of "13:00" would be cut off.
  expect(hoursOf({ ...span, toMs: span.toMs + 1_800_000 })).toEqual([5, 7, 9, 11]);
});
