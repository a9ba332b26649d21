/** Keeps the place where somebody has put a map, and puts the map there when the place comes from elsewhere. */
import { effect, type Signal } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";

import type { MapPlace } from "../state/map-place";

/** How long nobody moves the map any more before its place is noted. */
const MOVED_AFTER_MS = 300;

/** What is told of a movement that a button makes, as MapLibre tells it of the mouse's and the keyboard's. */
export const BY_HAND = { originalEvent: "button" };

/** Keep in `place` where somebody moves the map, not where it goes by itself; returns what ends it. */
export function keepPlace(map: MapLibre, place: Signal<MapPlace | null>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const note = () => {
    const { lng, lat } = map.getCenter();
    place.value = { centre: [lng, lat], zoom: map.getZoom() };
  };
  map.on("moveend", (event) => {
    if (event.originalEvent === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(note, MOVED_AFTER_MS);
  });
  const stop = effect(() => {
    const wanted = place.value;
    if (wanted === null) return;
    const { x, y } = map.project(wanted.centre);
    const { clientWidth: width, clientHeight: height } = map.getContainer();
    const isThere = Math.hypot(x - width / 2, y - height / 2) < 1 && Math.abs(map.getZoom() - wanted.zoom) < 0.01;
    if (!isThere) map.jumpTo({ center: wanted.centre, zoom: wanted.zoom });
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
