/** What the map draws of the town's things. */
import { expect, test } from "vitest";

import type { Facility, Fix, Zone } from "../api/types";
import {
  contractorNumbers,
  coreBox,
  facilityFeatures,
  pointChanges,
  speedFeatures,
  trackFeatures,
  zoneLabels,
} from "./features";

const fixAt = (lon: number): Fix => ({
  lon,
  lat: 30,
  observed_at: "2026-11-22T00:00:00Z",
  speed_kmh: null,
  heading_deg: null,
  load_kg: null,
  outlier: false,
});

const station = (changes: Partial<Facility>): Facility => ({
  id: "S1",
  kind: "transfer_station",
  lon: 110,
  lat: 30,
  name: null,
  zone_id: null,
  status: "in_service",
  opened_on: null,
  design_life_years: null,
  design_t_per_day: 20,
  bays: null,
  tip_s: null,
  open_time: null,
  close_time: null,
  class: null,
  stalls_male: 0,
  stalls_female: 0,
  stalls_accessible: 0,
  live: null,
  ...changes,
});

const received = (throughputT: number) => ({
  observed_at: null,
  throughput_t: throughputT,
  fill_ratio: null,
  entries: null,
  occupied_stalls: null,
  total_stalls: null,
  open: null,
});

test("a track has a line per run of fixes and none over the gap between", () => {
  const segments = [[fixAt(1), fixAt(2)], [fixAt(5)], [fixAt(8), fixAt(9), fixAt(10)]];
  const drawn = trackFeatures({ vehicle_id: "V1", gap_s: 180, segments });
  expect(drawn.features[0]?.geometry).toEqual({
    type: "MultiLineString",
    coordinates: [
      [
        [1, 30],
        [2, 30],
      ],
      [
        [8, 30],
        [9, 30],
        [10, 30],
      ],
    ],
  });
});

test("no line of a track leads to an outlier", () => {
  const segments = [
    [fixAt(1), { ...fixAt(90), outlier: true }, fixAt(2)],
    [fixAt(5), { ...fixAt(6), outlier: true }],
  ];
  const drawn = trackFeatures({ vehicle_id: "V1", gap_s: 180, segments });
  expect(drawn.features[0]?.geometry).toEqual({
    type: "MultiLineString",
    coordinates: [
      [
        [1, 30],
        [2, 30],
      ],
    ],
  });
});

test.each([
  [station({}), "station-0"],
  [station({ live: received(10) }), "station-2"],
  [station({ live: received(20) }), "station-4"],
  // Over its design throughput.
  [station({ live: received(20.1) }), "station-5"],
  [station({ status: "planned" }), "station-idle"],
  [station({ kind: "public_toilet" }), "toilet"],
  [station({ kind: "public_toilet", status: "planned" }), "toilet-idle"],
  [station({ kind: "incinerator" }), "disposal"],
])("a facility shows its kind, life cycle and load (%#)", (facility, icon) => {
  expect(facilityFeatures([facility]).features[0]?.properties?.["icon"]).toBe(icon);
});

test("a contractor keeps its colour whatever the order of the list", () => {
  const contractors = [
    { id: "B", name: "b" },
    { id: "A", name: "a" },
  ];
  expect(contractorNumbers(contractors)).toEqual(contractorNumbers([...contractors].reverse()));
});

test("only the points whose state changed are drawn anew", () => {
  const before = new Map([
    ["P1", "due"],
    ["P2", "pending"],
  ] as const);
  const changes = pointChanges(before, new Map([...before, ["P2", "cleared"] as const]));
  expect(changes.map((change) => change.id)).toEqual(["P2"]);
  expect(changes[0]?.addOrUpdateProperties).toContainEqual({ key: "icon", value: "point-cleared" });
});

const fast = (lon: number, speedKmh: number): Fix => ({ ...fixAt(lon), speed_kmh: speedKmh });

test.each([
  ["one speed is one line", [[fast(1, 20), fast(2, 25)]], ["1: 1-2"]],
  ["each class of speed has its own, and they join", [[fast(1, 0), fast(2, 20), fast(3, 60)]], ["1: 1-2", "3: 2-3"]],
  [
    "nothing over a gap",
    [
      [fast(1, 20), fast(2, 20)],
      [fast(8, 20), fast(9, 20)],
    ],
    ["1: 1-2", "1: 8-9"],
  ],
  ["nothing to an outlier", [[fast(1, 20), { ...fast(80, 20), outlier: true }, fast(2, 20)]], ["1: 1-2"]],
])("a track by speed: %s", (_, segments, lines) => {
  const drawn = speedFeatures({ vehicle_id: "V1", gap_s: 180, segments }).features;
  const told = drawn.map((line) => {
    const lons = (line.geometry as GeoJSON.LineString).coordinates.map(([lon]) => lon);
    return `${String(line.properties?.["speed"])}: ${lons.join("-")}`;
  });
  expect(told).toEqual(lines);
});

test("a zone of several parts is labelled in its largest", () => {
  const square = (west: number, size: number) => [
    [
      [west, 0],
      [west + size, 0],
      [west + size, size],
      [west, size],
      [west, 0],
    ],
  ];
  const zone: Zone = {
    id: "Z1",
    name: null,
    contractor_id: null,
    cleaning_grade: null,
    responsible: null,
    geometry: { type: "MultiPolygon", coordinates: [square(0, 1), square(10, 4)] },
  };
  expect(zoneLabels([zone]).features[0]?.geometry).toEqual({ type: "Point", coordinates: [12, 2] });
});

test("the heart of a town leaves outlying villages out", () => {
  const streets = Array.from({ length: 9 }, (_, index): [number, number] => [110 + index * 0.01, 30 + index * 0.01]);
  const box = coreBox([...streets, [112, 33]]);
  expect(box?.[2]).toBeLessThan(110.2);
  expect(box?.[3]).toBeLessThan(30.2);
  expect(coreBox([])).toBeNull();
});
