/** How a truck's state and place follow from what came. */
import { expect, test } from "vitest";

import type { Vehicle, VehiclePosition } from "../api/types";
import { truckStateAt, withPositions } from "./fleet";

const NOW_MS = Date.parse("2026-11-22T04:00:00Z");

const fix = (secondsAgo: number, speedKmh: number | null): VehiclePosition => ({
  lon: 110,
  lat: 30,
  observed_at: new Date(NOW_MS - secondsAgo * 1000).toISOString(),
  speed_kmh: speedKmh,
  heading_deg: null,
});

const truck = (online: boolean | null, lastPosition: VehiclePosition | null): Vehicle => ({
  id: "V1",
  kind: "compactor",
  plate: null,
  depot_id: "D1",
  contractor_id: null,
  capacity_kg: 8000,
  shift_start: "05:00",
  shift_end: "15:00",
  last_position: lastPosition,
  load_kg: 500,
  online,
  current_stop: null,
  route: null,
});

test.each([
  ["driving", truck(true, fix(10, 25))],
  // Noise moves a parked truck at a walking pace.
  ["standing", truck(true, fix(10, 1.5))],
  ["standing", truck(true, fix(10, null))],
  ["stale", truck(true, fix(600, 25))],
  ["offline", truck(false, fix(10, 25))],
  ["unknown", truck(true, null)],
  // Never heard of: whether it is online is not known.
  ["unknown", truck(null, null)],
] as const)("the truck is %s (%#)", (state, vehicle) => {
  expect(truckStateAt(vehicle, NOW_MS)).toBe(state);
});

test("a newer position is taken in and an older one is not", () => {
  const event = (secondsAgo: number, loadKg: number) => ({
    ...fix(secondsAgo, 30),
    vehicle_id: "V1",
    load_kg: loadKg,
    online: true,
  });
  const before = [truck(true, fix(60, 0))];
  expect(withPositions(before, new Map([["V1", event(10, 900)]]))[0]).toMatchObject({ load_kg: 900 });
  expect(withPositions(before, new Map([["V1", event(90, 900)]]))[0]).toMatchObject({ load_kg: 500 });
});
