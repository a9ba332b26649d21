/** What becomes of a base map on a map that draws it. */
import type { Map as MapLibre } from "maplibre-gl";

import { BASE_SOURCE } from "../style";
import { baseIsMissing } from "./base-map";

/** The base map's layers as the map has them. */
export function baseLayersOf(map: MapLibre): string[] {
  return map
    .getStyle()
    .layers.filter((layer) => "source" in layer && layer.source === BASE_SOURCE)
    .map((layer) => layer.id);
}

/** Note whether the base map's tiles come, until the map is removed; every other error goes to the console as before. */
export function watchBase(map: MapLibre): void {
  map.on("error", (event) => {
    if ("sourceId" in event && event.sourceId === BASE_SOURCE) baseIsMissing.value = true;
    else console.error(event.error);
  });
  map.on("sourcedata", (event) => {
    if (event.sourceId === BASE_SOURCE && event.tile !== undefined) baseIsMissing.value = false;
  });
}
