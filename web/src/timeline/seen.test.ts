/** Where a track has a truck at an instant, and a track that is continued. */
import { expect, test } from "vitest";

import type { Fix, Track } from "../api/types";
import { continued, seenAt } from "./seen";

const DAY_MS = Date.parse("2026-06-01T00:00:00Z");
const fix = (second: number, lon: number, changes: Partial<Fix> = {}): Fix => ({
  lon,
  lat: 30,
  observed_at: new Date(DAY_MS + second * 1000).toISOString(),
  speed_kmh: 20,
  heading_deg: 90,
  load_kg: 100,
  outlier: false,
  ...changes,
});
const trackOf = (...segments: Fix[][]): Track => ({ vehicle_id: "V1", gap_s: 180, segments });

const TRACK = trackOf([fix(0, 1), fix(10, 2)], [fix(600, 8), fix(610, 9, { outlier: true }), fix(620, 10)]);

test.each([
  ["before its first fix it is nowhere", -1, null, false],
  ["at a fix it is there", 0, 1, false],
  ["between two fixes it is on its way", 5, 1.5, false],
  ["soon after the last fix of a run it is still there", 60, 2, false],
  ["in a gap it is where it was last seen, and that is said", 300, 2, true],
  ["it does not drive to an outlier", 605, 8, false],
  ["after the end it is where it was last seen", 5000, 10, true],
])("%s", (_, second, lon, inGap) => {
  const seen = seenAt(TRACK, DAY_MS + second * 1000);
  expect(seen?.lon ?? null).toBe(lon);
  expect(seen?.inGap ?? false).toBe(inGap);
});

const lonsOf = (track: Track) => track.segments.map((segment) => segment.map((each) => each.lon));

test.each([
  ["what follows at once joins the last run", [[fix(10, 2), fix(20, 3)]], [[1, 2, 3]]],
  ["a gap stays a gap", [[fix(10, 2)], [fix(900, 7)]], [[1, 2], [7]]],
  ["nothing new changes nothing", [[fix(10, 2)]], [[1, 2]]],
  ["no answer at all neither", [], [[1, 2]]],
])("a track goes on: %s", (_, more, lons) => {
  expect(lonsOf(continued(trackOf([fix(0, 1), fix(10, 2)]), trackOf(...more)))).toEqual(lons);
});
