/** Points become places and colours for the graphics interface, exact to centimetres and the urgent ones last. */
import { expect, test } from "vitest";

import type { CollectionPoint } from "../api/types";
import type { PointState } from "../state/visits";
import { DOT_BYTES, dotVertices, type Rgba } from "./dot-vertices";

const COLOURS: Record<PointState, Rgba> = {
  not_due: [1, 0, 0, 255],
  cleared: [2, 0, 0, 255],
  pending: [3, 0, 0, 255],
  due: [4, 0, 0, 255],
  missed: [5, 0, 0, 255],
};
const EARTH_M = 40_075_016.686;

const point = (id: string, lon: number, lat: number) => ({ id, lon, lat }) as CollectionPoint;

function read(points: CollectionPoint[], states: Record<string, PointState> = {}) {
  const { origin, bytes, count } = dotVertices(points, new Map(Object.entries(states)), COLOURS);
  const view = new DataView(bytes);
  return Array.from({ length: count }, (_, index) => ({
    x: origin[0] + view.getFloat32(index * DOT_BYTES, true),
    y: origin[1] + view.getFloat32(index * DOT_BYTES + 4, true),
    colour: Array.from({ length: 4 }, (_, part) => view.getUint8(index * DOT_BYTES + 8 + part)),
  }));
}

test("no points are nothing to draw", () => {
  expect(dotVertices([], new Map(), COLOURS)).toMatchObject({ count: 0 });
});

test.each([
  // The world is a square: longitude 0 and the equator are its middle, 85.0511° its upper edge.
  ["the middle of the world", 0, 0, 0.5, 0.5],
  ["its eastern edge", 180, 0, 1, 0.5],
  ["its upper edge", -180, 85.05112877980659, 0, 0],
  ["where Mercator is an eighth above the equator", 116.4, 40.97989806962013, 0.8233333333, 0.375],
])("%s is where Mercator has it", (_, lon, lat, x, y) => {
  const [only] = read([point("P1", lon, lat)]);
  expect(only?.x).toBeCloseTo(x, 9);
  expect(only?.y).toBeCloseTo(y, 9);
});

test("a metre across a town is not lost in single precision", () => {
  const metreDeg = 360 / EARTH_M;
  const [, near, far] = read([point("P1", 116, 40), point("P2", 116.5, 40), point("P3", 116.5 + metreDeg, 40)]);
  expect(((far?.x ?? 0) - (near?.x ?? 0)) * EARTH_M).toBeCloseTo(1, 1);
});

test("the urgent are drawn last, each in the colour of its state, and a point without a visit is not due", () => {
  const points = ["A", "B", "C", "D", "E"].map((id) => point(id, 116, 40));
  const drawn = read(points, { A: "missed", B: "due", C: "pending", D: "cleared" });
  expect(drawn.map(({ colour }) => colour)).toEqual([
    COLOURS.not_due,
    COLOURS.cleared,
    COLOURS.pending,
    COLOURS.due,
    COLOURS.missed,
  ]);
});
