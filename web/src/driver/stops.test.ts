/** What became of each stop: the one to go to is the first that is neither done nor left behind. */
import { expect, test } from "vitest";

import type { DriverRoute, DriverStop, Report } from "./shapes";
import { geoAddress, nextStop, progressOf, shownStops, stopKey, withPress, type Press } from "./stops";

const base: DriverStop = {
  sequence: 0,
  kind: "point",
  id: null,
  occurrence: 1,
  name: null,
  lon: 116,
  lat: 40,
  arrive_at: "2026-11-21T00:00:00Z",
  depart_at: "2026-11-21T00:02:00Z",
  load_kg: 0,
  collected_kg: 0,
  leg_distance_m: 0,
  container_type: "bin",
  containers: 2,
  due_from: null,
  due_to: null,
  status: "pending",
  cleared_at: null,
  cleared_by: null,
  report_outcome: null,
  report_reason: null,
  reported_at: null,
};

const KINDS = { D: "depot", S: "station" } as const;

/** A route from signs: D depot, S station, p pending, c cleared, m missed, s reported served. */
function routeOf(signs: string): DriverRoute {
  const stops = Array.from(signs).map((sign, sequence): DriverStop => {
    if (sign === "D" || sign === "S") return { ...base, sequence, kind: KINDS[sign], id: sign, status: null };
    const point = { ...base, sequence, id: `P${sequence}` };
    if (sign === "c") return { ...point, status: "cleared" };
    if (sign === "m") return { ...point, status: "missed" };
    return sign === "s" ? { ...point, report_outcome: "served", reported_at: "2026-11-21T01:00:00Z" } : point;
  });
  const unknown = { plan_id: "1", plate: null, revision: 1, distance_m: 0, duration_s: 0, collected_kg: 0 };
  return { ...unknown, vehicle_id: "V1", service_date: "2026-11-21", stops };
}

test.each([
  ["DppSD", [], 1], // nothing is done: the first point
  ["DcpSD", [], 2],
  ["DspSD", [], 2], // what was pressed is done before clearance has decided
  ["DmpSD", [], 2], // a window that has passed holds nobody up
  ["DccSD", [], 3], // the station
  ["DccSD", ["station 3"], 4], // left behind by hand
  ["DccScD", [], 5], // a point behind it is done, so it was passed
  ["DpcSD", [], 1], // one left out on the way comes first
])("of %s with %j behind, the next is %i", (signs, passed, expected) => {
  const stops = shownStops(routeOf(signs), {}, new Set(passed));
  expect(nextStop(stops)?.sequence).toBe(expected);
});

test("a press on the phone counts at once, and the newest of a visit holds", () => {
  const route = routeOf("DppD");
  const press = (outcome: "served" | "blocked", at: string) =>
    ({ point_id: "P1", occurrence: 1, outcome, reason: null, observed_at: at }) as Report;
  let presses: Record<string, Press> = withPress({}, press("blocked", "2026-11-21T01:00:00Z"));
  expect(shownStops(route, presses, new Set())[1]?.state).toBe("not_served");
  presses = withPress(presses, press("served", "2026-11-21T01:05:00Z"));
  presses = withPress(presses, press("blocked", "2026-11-21T00:59:00Z"));
  expect(shownStops(route, presses, new Set())[1]?.state).toBe("served");
  expect(progressOf(shownStops(route, presses, new Set()))).toEqual({ done: 1, total: 2 });
});

test("a stop keeps its key when a revision gives it another place", () => {
  expect(stopKey({ ...base, id: "P1", sequence: 7 })).toBe(stopKey({ ...base, id: "P1", sequence: 3 }));
});

test("the way goes to the phone's navigation in WGS-84", () => {
  expect(geoAddress({ lat: 40.1, lon: 116.25, name: "北街 1", id: "P1" })).toBe(
    "geo:40.100000,116.250000?q=40.100000,116.250000(%E5%8C%97%E8%A1%97%201)",
  );
});
