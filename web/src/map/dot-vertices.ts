/** Many points as what the graphics interface takes: a place and a colour each, the urgent ones last, on top. */
import type { CollectionPoint } from "../api/types";
import type { PointState } from "../state/visits";
import { POINT_ORDER } from "./features";
import { mercator, type SquarePlace } from "./graphics";

/** Red, green, blue and opacity, each from 0 to 255. */
export type Rgba = readonly [red: number, green: number, blue: number, opacity: number];

/** East and south of an origin in Mercator's square; then the colour's four bytes. */
export const DOT_BYTES = 12;

export interface DotVertices {
  origin: SquarePlace;
  bytes: ArrayBuffer;
  count: number;
}

export function dotVertices(
  points: readonly CollectionPoint[],
  states: ReadonlyMap<string, PointState>,
  colours: Readonly<Record<PointState, Rgba>>,
): DotVertices {
  const [first] = points;
  const origin = first === undefined ? ([0, 0] as const) : mercator(first.lon, first.lat);
  const ordered = points
    .map((point) => ({ point, state: states.get(point.id) ?? "not_due" }))
    .sort((a, b) => POINT_ORDER[a.state] - POINT_ORDER[b.state]);
  const view = new DataView(new ArrayBuffer(ordered.length * DOT_BYTES));
  ordered.forEach(({ point, state }, index) => {
    const [x, y] = mercator(point.lon, point.lat);
    const at = index * DOT_BYTES;
    view.setFloat32(at, x - origin[0], true);
    view.setFloat32(at + 4, y - origin[1], true);
    colours[state].forEach((part, offset) => view.setUint8(at + 8 + offset, part));
  });
  return { origin, bytes: view.buffer, count: ordered.length };
}
