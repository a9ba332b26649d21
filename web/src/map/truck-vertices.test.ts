/** Trucks become places, turns and states for the graphics interface, exact to a metre across a town. */
import { expect, test } from "vitest";

import type { TruckState } from "../state/fleet";
import { mercator } from "./graphics";
import { TRUCK_BYTES, TRUCK_STATES, truckVertices } from "./truck-vertices";

const truck = (lon: number, lat: number, state: TruckState, heading: number): GeoJSON.Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [lon, lat] },
  properties: { icon: `truck-${state}`, heading },
});

function read(features: GeoJSON.Feature[]) {
  const { origin, numbers, count } = truckVertices(features);
  const each = TRUCK_BYTES / numbers.BYTES_PER_ELEMENT;
  return Array.from({ length: count }, (_, index) => {
    const [x = 0, y = 0, turn = 0, state = 0] = numbers.slice(index * each);
    return { x: origin[0] + x, y: origin[1] + y, turn, state: TRUCK_STATES[state] };
  });
}

test("no trucks are nothing to draw", () => {
  expect(truckVertices([])).toMatchObject({ count: 0, origin: [0, 0] });
});

test("each keeps its place, its turn and its state, in the order given", () => {
  const far: [number, number] = [116.500012, 40.200009];
  const drawn = read([truck(116, 40, "standing", 0), truck(...far, "driving", 90), truck(116, 40, "offline", 0)]);
  expect(drawn.map(({ state }) => state)).toEqual(["standing", "driving", "offline"]);
  expect(drawn[1]?.turn).toBeCloseTo(Math.PI / 2, 6);
  const [x, y] = mercator(...far);
  const metre = 1 / 40_075_016.686;
  expect(Math.abs((drawn[1]?.x ?? 0) - x)).toBeLessThan(metre);
  expect(Math.abs((drawn[1]?.y ?? 0) - y)).toBeLessThan(metre);
});
