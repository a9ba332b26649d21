/** Many trucks as what the graphics interface takes: a place, a turn and an icon each, in the order of the features. */
import type { TruckState } from "../state/fleet";
import { mercator, type SquarePlace } from "./graphics";

export const TRUCK_STATES: readonly TruckState[] = ["driving", "standing", "stale", "offline", "unknown"];

/** East and south of an origin in Mercator's square, the turn in radians clockwise, and the number of the state. */
export const TRUCK_BYTES = 16;
const NUMBERS_EACH = 4;

export interface TruckVertices {
  origin: SquarePlace;
  numbers: Float32Array<ArrayBuffer>;
  count: number;
}

/** Return the vertices of what `truckFeatures` made. */
export function truckVertices(features: readonly GeoJSON.Feature[]): TruckVertices {
  const places = features.map(({ geometry }): SquarePlace => {
    const [lon = 0, lat = 0] = geometry.type === "Point" ? geometry.coordinates : [];
    return mercator(lon, lat);
  });
  const [originX, originY] = places[0] ?? [0, 0];
  const numbers = new Float32Array(features.length * NUMBERS_EACH);
  features.forEach(({ properties }, index) => {
    const [x, y] = places[index] ?? [0, 0];
    const turn = (Number(properties?.["heading"]) * Math.PI) / 180;
    const state = TRUCK_STATES.findIndex((each) => properties?.["icon"] === `truck-${each}`);
    numbers.set([x - originX, y - originY, turn, state], index * NUMBERS_EACH);
  });
  return { origin: [originX, originY], numbers, count: features.length };
}
