/**
 * A machine that draws the map slowly draws less of it while it moves: half as many pixels a side, no labels and lines of
 * zones, and the dots of many points as one picture. When the map stands, all is back.
 */
import type { CanvasSource, Map as MapLibre } from "maplibre-gl";

import { pointStates, type PointState } from "../state/visits";
import { points } from "../state/register";
import { token } from "../state/theme";
import { DOTS_BELOW_ZOOM, MANY_POINTS } from "./style";

/** A movement whose frames take this long at the median is drawn lighter, and so is the next. */
const SLOW_FRAME_MS = 40;
/** One that is light and as fast as this shows that the machine can do more. */
const FAST_FRAME_MS = 20;
const JUDGED_FRAMES = 7;
const LIGHT_PIXEL_RATIO = 0.5;
/** The map stands when it has not moved for so long: a hand that drags again should not wait for all of it. */
const STANDS_AFTER_MS = 200;
const DOT_PX = 2;
/** The urgent ones last, on top. */
const DRAWN_STATES: readonly PointState[] = ["not_due", "cleared", "pending", "due", "missed"];

/** What is left out while the map moves, and by which properties. */
const LEFT_OUT: readonly (readonly [layer: string, property: string])[] = [
  ["zones-line", "line-opacity"],
  ["zones-label", "text-opacity"],
  ["facilities-label", "text-opacity"],
  ["streets-label", "text-opacity"],
  ["points-label", "text-opacity"],
  ["points-dots", "circle-opacity"],
  ["points-dots", "circle-stroke-opacity"],
];

/** Draw less while the map moves where that is needed; returns what ends it. */
export function lightenWhileMoving(map: MapLibre): () => void {
  let frames: number[] = [];
  let [isSlow, isLight, isMoving] = [false, false, false];
  let standing: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const lighten = () => {
    isLight = true;
    for (const [layer, property] of LEFT_OUT) map.setPaintProperty(layer, property, 0);
    pictureDots(map);
    setPixelRatio(map, LIGHT_PIXEL_RATIO);
  };
  const watch = (beforeMs: number) => {
    asked = requestAnimationFrame((nowMs) => {
      frames.push(nowMs - beforeMs);
      if (!isLight && frames.length >= JUDGED_FRAMES && median(frames) > SLOW_FRAME_MS) {
        isSlow = true;
        lighten();
        frames = [];
      }
      if (isMoving) watch(nowMs);
    });
  };
  const starts = () => {
    clearTimeout(standing);
    if (isMoving) return;
    isMoving = true;
    frames = [];
    if (isSlow && !isLight) lighten();
    watch(performance.now());
  };
  const stands = () => {
    isMoving = false;
    cancelAnimationFrame(asked);
    if (!isLight) return;
    if (frames.length >= JUDGED_FRAMES && median(frames) < FAST_FRAME_MS) isSlow = false;
    isLight = false;
    for (const [layer, property] of LEFT_OUT) map.setPaintProperty(layer, property, undefined);
    map.setPaintProperty("points-picture", "raster-opacity", 0);
    setPixelRatio(map, map.getPixelRatio());
    map.triggerRepaint();
  };
  const ends = () => {
    clearTimeout(standing);
    standing = setTimeout(stands, STANDS_AFTER_MS);
  };
  const subscriptions = [map.on("movestart", starts), map.on("moveend", ends)];
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    clearTimeout(standing);
    cancelAnimationFrame(asked);
  };
}

/** Draw with so many pixels; MapLibre's own way would end the movement that is under way. */
function setPixelRatio(map: MapLibre, ratio: number): void {
  const canvas = map.getCanvas();
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  canvas.width = Math.floor(width * ratio);
  canvas.height = Math.floor(height * ratio);
  map.painter.resize(width, height, ratio);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Where the points are drawn as dots, draw those in view and around it as one picture. */
function pictureDots(map: MapLibre): void {
  const isDotted = points.value.peek().length > MANY_POINTS && map.getZoom() < DOTS_BELOW_ZOOM;
  const isHidden = map.getLayoutProperty("points-dots", "visibility") === "none";
  const source = map.getSource<CanvasSource>("points-picture");
  if (!isDotted || isHidden || source === undefined) return;
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  const canvas = source.getCanvas();
  canvas.width = 3 * width * LIGHT_PIXEL_RATIO;
  canvas.height = 3 * height * LIGHT_PIXEL_RATIO;
  // On the processor, where the map takes it from: from a graphics card it would have to be fetched.
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (pen === null) return;
  for (const [state, places] of placesByState(map)) {
    pen.fillStyle = token(`state-${state}`);
    for (const { x, y } of places) {
      pen.fillRect((x + width) * LIGHT_PIXEL_RATIO - 1, (y + height) * LIGHT_PIXEL_RATIO - 1, DOT_PX, DOT_PX);
    }
  }
  const corners = [
    [-width, -height],
    [2 * width, -height],
    [2 * width, 2 * height],
    [-width, 2 * height],
  ] as const;
  type Coordinates = Parameters<CanvasSource["setCoordinates"]>[0];
  source.setCoordinates(corners.map(([x, y]) => map.unproject([x, y]).toArray()) as unknown as Coordinates);
  source.play();
  source.pause();
  map.setPaintProperty("points-picture", "raster-opacity", 1);
}

/** Where the points are on the screen, by state in the order in which they are drawn. */
function placesByState(map: MapLibre): Map<PointState, { x: number; y: number }[]> {
  const states = pointStates.peek();
  const found = new Map(DRAWN_STATES.map((state) => [state, [] as { x: number; y: number }[]]));
  for (const { id, lon, lat } of points.value.peek()) {
    found.get(states.get(id) ?? "not_due")?.push(map.project([lon, lat]));
  }
  return found;
}
