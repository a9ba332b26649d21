/** Bars of the timeline: what was planned, and what a truck did by its visits and its track. */
import { expect, test } from "vitest";

import type { DueVisit, Fix, PlannedRoute, PlannedStop, StopKind, Track } from "../api/types";
import { actualBars, plannedBars, visitKey, type Bar } from "./bars";

const DAY_MS = Date.parse("2026-06-01T00:00:00Z");
const at = (minute: number) => new Date(DAY_MS + minute * 60_000).toISOString();
const told = (bars: readonly Bar[]) =>
  bars.map(({ doing, fromMs, toMs, late }) => {
    const minute = (ms: number) => Math.round((ms - DAY_MS) / 60_000);
    return `${doing} ${minute(fromMs)}-${minute(toMs)}${late ? " late" : ""}`;
  });

const stop = (kind: StopKind, arrive: number, depart: number, legMinutes: number, id: string | null): PlannedStop => ({
  sequence: 0,
  kind,
  id,
  arrive_at: at(arrive),
  depart_at: at(depart),
  lon: 0,
  lat: 0,
  name: null,
  demand_kg: null,
  demand_source: null,
  load_kg: 0,
  collected_kg: 0,
  occurrence: kind === "point" ? 1 : null,
  leg_distance_m: 0,
  leg_duration_s: legMinutes * 60,
});

const visit = (id: string, changes: Partial<DueVisit>): DueVisit => ({
  point_id: id,
  service_date: "2026-06-01",
  occurrence: 1,
  due_from: at(0),
  due_to: at(600),
  expected_kg: 1,
  status: "pending",
  cleared_at: null,
  vehicle_id: null,
  evidence: [],
  reason: null,
  planned_vehicle_id: "V1",
  planned_at: at(10),
  ...changes,
});

const cleared = (id: string, from: number, to: number, changes: Partial<DueVisit> = {}) =>
  visit(id, {
    status: "cleared",
    cleared_at: at(to),
    vehicle_id: "V1",
    evidence: [{ kind: "stay", start: at(from), end: at(to), detail: {} }],
    ...changes,
  });

const ROUTE: PlannedRoute = {
  vehicle_id: "V1",
  distance_m: 0,
  duration_s: 0,
  collected_kg: 0,
  stops: [
    stop("depot", 0, 0, 0, "D"),
    stop("point", 10, 14, 10, "P1"),
    // Ten minutes before its window opens.
    stop("point", 30, 33, 6, "P2"),
    stop("station", 40, 50, 7, "S"),
    stop("break", 50, 80, 0, null),
    stop("depot", 90, 90, 10, "D"),
  ],
};

test("a route is ways, waits, services, unloading and a break", () => {
  expect(told(plannedBars(ROUTE, new Map(), DAY_MS))).toEqual([
    "travel 0-10",
    "service 10-14",
    "travel 14-20",
    "waiting 20-30",
    "service 30-33",
    "travel 33-40",
    "unloading 40-50",
    "break 50-80",
    "travel 80-90",
  ]);
});

test.each([
  ["pending", 28, false],
  ["pending", 30, true],
  ["missed", 60, true],
  ["cleared", 60, false],
] as const)("a planned visit that is %s at minute %i is late: %s", (status, minute, late) => {
  const visits = new Map([[visitKey("P1", 1), visit("P1", { status })]]);
  const bars = plannedBars(ROUTE, visits, DAY_MS + minute * 60_000 + 1);
  expect(bars.find((bar) => bar.id === "P1")?.late).toBe(late);
});

/** A track with a fix per minute: digits are a speed in units of 10 km/h, `|` is a gap, D and S standing there. */
function trackOf(signs: string): Track {
  const segments: Fix[][] = [[]];
  Array.from(signs).forEach((sign, minute) => {
    if (sign === "|") return segments.push([]);
    const speed = "DS".includes(sign) ? 0 : Number(sign) * 10;
    const lon = sign === "D" ? 110 : sign === "S" ? 110.1 : 110.05;
    const fix = { lon, lat: 30, observed_at: at(minute), speed_kmh: speed, heading_deg: null, load_kg: null };
    return segments.at(-1)?.push({ ...fix, outlier: false });
  });
  return { vehicle_id: "V1", gap_s: 180, segments };
}

const PLACES = [
  { id: "D", kind: "depot", lon: 110, lat: 30 },
  { id: "S", kind: "transfer_station", lon: 110.1, lat: 30 },
] as const;

test.each([
  ["driving", "33333", [], ["travel 0-4"]],
  ["a stop at a light is part of the way", "330333", [], ["travel 0-5"]],
  ["in the depot it does not work", "DDDD33", [], ["travel 3-5"]],
  ["at a station it unloads", "33SSSS33", [], ["travel 0-2", "unloading 2-5", "travel 5-7"]],
  ["standing anywhere is waiting, long it is a break", "3000003", [], ["travel 0-1", "waiting 1-5", "travel 5-6"]],
  ["standing for long is a break", `3${"0".repeat(17)}3`, [], ["travel 0-1", "break 1-17", "travel 17-18"]],
  ["silent where it stood before and after, it stood", "300||003", [], ["travel 0-1", "waiting 1-6", "travel 6-7"]],
  ["nothing is known of a gap", "333||||333", [], ["travel 0-2", "travel 7-9"]],
  [
    "a visit is service, whatever the track says",
    "33000033",
    [cleared("P1", 2, 5)],
    ["travel 0-2", "service 2-5", "travel 5-7"],
  ],
  ["a visit after its planned time is late", "3333", [cleared("P1", 26, 28)], ["travel 0-3", "service 26-28 late"]],
  [
    "so is one after its window",
    "3333",
    [cleared("P1", 12, 14, { due_to: at(11) })],
    ["travel 0-3", "service 12-14 late"],
  ],
] as const)("%s", (_, signs, visits, expected) => {
  expect(told(actualBars(visits, trackOf(signs), PLACES))).toEqual(expected);
});

test("without a track the visits alone are shown", () => {
  expect(told(actualBars([cleared("P1", 2, 5)], null, PLACES))).toEqual(["service 2-5"]);
});
