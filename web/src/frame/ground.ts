/** The town's ground as a map: the desk's own style, on which a page lays what it has to show. */
import { effect, type Signal } from "@preact/signals";
import { Map as MapLibre, ScaleControl, type GeoJSONSource, type LayerSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";

import type { Position } from "../api/types";
import type { BaseLayers } from "../map/base/base-layers";
import { watchBase } from "../map/base/watch";
import { nameCanvas } from "../map/canvas-name";
import type { Box } from "../map/features";
import { drawIcons, ICON_PIXEL_RATIO } from "../map/icons";
import { BY_HAND, keepPlace } from "../map/kept-place";
import { buildStyle } from "../map/style";
import type { MapPlace } from "../state/map-place";
import { theme } from "../state/theme";

/** How close a click must be, in pixels: a finger is not a needle. */
const CLICK_REACH_PX = 8;
const FITTED = { padding: 32, maxZoom: 16.5, duration: 0 };
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** What a page adds to the ground: a source of its own name, and the layers that draw it in the theme's colours. */
export interface Overlay {
  source: string;
  layers: () => LayerSpecification[];
  /** Drawn below this layer of the ground; on top of all unless given. */
  below?: string;
}

/** What was clicked: a feature's `id` in one of the page's sources, or nothing; and where. */
export type OnPick = (id: string | null, source: string | null, place: Position) => void;

export interface Ground {
  setData(source: string, data: GeoJSON.GeoJSON): void;
  /** Show a box by itself, as nobody asked for. */
  fit(box: Box): void;
  /** Show a box that somebody asked for. */
  moveToBox(box: Box): void;
  centre(): Position;
  zoom(): number;
  moveTo(place: Position, zoom?: number): void;
  zoomBy(levels: number): void;
  remove(): void;
}

/**
 * Draw the ground in `container` until `remove`, at `place` where it says one, which then follows what somebody moves;
 * clicks look at the sources in `pickable`, in their order.
 */
export function createGround(
  container: HTMLElement,
  overlays: readonly Overlay[],
  pickable: readonly string[],
  onPick: OnPick,
  base: BaseLayers | null,
  place: Signal<MapPlace | null>,
): Ground {
  const map = new MapLibre({
    container,
    style: buildStyle(base),
    center: place.peek()?.centre ?? [110, 32],
    zoom: place.peek()?.zoom ?? 4,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    maxPitch: 0,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-right");
  watchBase(map);
  const stopNaming = nameCanvas(map);
  const stopKeeping = keepPlace(map, place);
  const wanted = new Map<string, GeoJSON.GeoJSON>();
  let isDressed = false;
  const dress = () => {
    for (const [name, image] of drawIcons()) map.addImage(name, image, { pixelRatio: ICON_PIXEL_RATIO });
    for (const overlay of overlays) {
      if (map.getSource(overlay.source) === undefined) {
        map.addSource(overlay.source, { type: "geojson", data: NOTHING });
      }
      for (const layer of overlay.layers()) map.addLayer(layer, overlay.below);
    }
    isDressed = true;
    for (const [source, data] of wanted) map.getSource<GeoJSONSource>(source)?.setData(data);
  };
  let painted = theme.peek();
  let stopPainting = () => {};
  // Not when all is loaded: a base map whose server does not answer would hold up our own.
  void map.once("style.load", () => {
    dress();
    container.dataset["ready"] = "true";
    stopPainting = effect(() => {
      if (theme.value === painted) return;
      painted = theme.value;
      isDressed = false;
      map.setStyle(buildStyle(base), { diff: false });
      void map.once("style.load", dress);
    });
  });
  map.on("click", (event) => {
    const { x, y } = event.point;
    const { lng, lat } = event.lngLat;
    const near: [[number, number], [number, number]] = [
      [x - CLICK_REACH_PX, y - CLICK_REACH_PX],
      [x + CLICK_REACH_PX, y + CLICK_REACH_PX],
    ];
    const hits = isDressed ? map.queryRenderedFeatures(near) : [];
    for (const source of pickable) {
      const hit = hits.find((feature) => feature.source === source && feature.properties["id"] !== undefined);
      if (hit !== undefined) return onPick(String(hit.properties["id"]), source, [lng, lat]);
    }
    onPick(null, null, [lng, lat]);
  });
  return {
    setData(source, data) {
      wanted.set(source, data);
      if (isDressed) map.getSource<GeoJSONSource>(source)?.setData(data);
    },
    fit: (box) => map.fitBounds(box, FITTED),
    moveToBox: (box) => map.fitBounds(box, FITTED, BY_HAND),
    centre: () => [map.getCenter().lng, map.getCenter().lat],
    zoom: () => map.getZoom(),
    moveTo: (centre, zoom) => map.easeTo({ center: centre, zoom: zoom ?? map.getZoom(), duration: 400 }, BY_HAND),
    zoomBy: (levels) => map.zoomTo(map.getZoom() + levels, {}, BY_HAND),
    remove() {
      stopPainting();
      stopNaming();
      stopKeeping();
      map.remove();
    },
  };
}
