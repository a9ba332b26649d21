/** What a map's canvas, which the keyboard moves, is called to who cannot see it: MapLibre says it in English. */
import { effect } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";

import { t } from "../i18n/catalogue";

/** Name the canvas in the page's language from now on; returns what ends it. */
export function nameCanvas(map: MapLibre): () => void {
  return effect(() => map.getCanvas().setAttribute("aria-label", t("map.canvas")));
}
