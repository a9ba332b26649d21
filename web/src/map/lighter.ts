/**
 * A machine that draws the map slowly draws it with half as many pixels a side while somebody moves it. Nothing is left
 * out; all of it is only less sharp until the map stands.
 */
import type { Map as MapLibre } from "maplibre-gl";

import { Pace } from "./pace";

/** The share of the screen's pixels a side that are drawn meanwhile: drawing by the processor is paid by the pixel. */
const LIGHT_SHARE = 0.5;
/** The map stands when it has not moved for so long: a hand that drags again should not wait for all of it. */
const STANDS_AFTER_MS = 200;
/** MapLibre's own limit for a canvas. */
const MOST_PIXELS_A_SIDE = 4096;

/** Draw fewer pixels while the map is moved where that is needed; returns what ends it. */
export function lightenWhileMoving(map: MapLibre): () => void {
  const pace = new Pace();
  let [isMoving, isLight] = [false, false];
  let standing: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const lighten = () => {
    isLight = true;
    drawPixels(map, LIGHT_SHARE);
  };
  const watch = (beforeMs: number) => {
    asked = requestAnimationFrame((nowMs) => {
      if (pace.passed(nowMs - beforeMs) && !isLight) {
        lighten();
        // This frame may have been drawn already, and would be shown empty.
        map.redraw();
      }
      watch(nowMs);
    });
  };
  const starts = (event: { originalEvent?: unknown }) => {
    if (isMoving) clearTimeout(standing);
    // The page's own movements are short, and a truck that is followed would make them one after another.
    if (isMoving || event.originalEvent === undefined) return;
    isMoving = true;
    if (pace.begins()) lighten();
    watch(performance.now());
  };
  const stands = () => {
    isMoving = false;
    cancelAnimationFrame(asked);
    if (!isLight) return;
    isLight = false;
    drawPixels(map, 1);
  };
  const ends = () => {
    if (!isMoving) return;
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

/** Draw a share of the pixels a side from the next frame on. MapLibre's `setPixelRatio` would end a drag that is under way. */
function drawPixels(map: MapLibre, share: number): void {
  const canvas = map.getCanvas();
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  const ratio = Math.min(map.getPixelRatio(), MOST_PIXELS_A_SIDE / Math.max(width, height)) * share;
  canvas.width = Math.floor(width * ratio);
  canvas.height = Math.floor(height * ratio);
  map.painter.resize(width, height, ratio);
  map.triggerRepaint();
}
