/** What the residents' page lays on the ground: where somebody is, the toilets found, and the walk to the chosen one. */
import { computed } from "@preact/signals";

import type { Overlay } from "../frame/ground";
import { token } from "../state/theme";
import { chosenWalk, here, streets, tab, walks } from "./state";

const point = (place: GeoJSON.Position, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: place },
  properties,
});

export const residentData = computed<Record<string, GeoJSON.GeoJSON>>(() => {
  const isSearching = tab.value === "toilets" && here.value !== null;
  const found = isSearching ? walks.value.value : [];
  const way = found.find((walk) => walk.id === chosenWalk.value)?.way ?? [];
  return {
    streets: streets.value.value,
    walk: {
      type: "FeatureCollection",
      features:
        way.length < 2 ? [] : [{ type: "Feature", geometry: { type: "LineString", coordinates: way }, properties: {} }],
    },
    "toilets-near": {
      type: "FeatureCollection",
      features: found.map((walk, index) =>
        point([walk.lon, walk.lat], { id: walk.id, label: String(index + 1), chosen: walk.id === chosenWalk.value }),
      ),
    },
    here: { type: "FeatureCollection", features: isSearching && here.value ? [point(here.value, {})] : [] },
  };
});

export const OVERLAYS: readonly Overlay[] = [
  {
    source: "walk",
    layers: () => [
      {
        id: "walk-casing",
        type: "line",
        source: "walk",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": token("map-halo"), "line-width": 9 },
      },
      {
        id: "walk",
        type: "line",
        source: "walk",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": token("map-planned"), "line-width": 5 },
      },
    ],
  },
  {
    source: "toilets-near",
    layers: () => [
      {
        id: "toilets-near",
        type: "circle",
        source: "toilets-near",
        paint: {
          "circle-radius": ["case", ["get", "chosen"], 16, 12],
          "circle-color": token("map-toilet"),
          "circle-stroke-color": token("map-halo"),
          "circle-stroke-width": 2.5,
        },
      },
      {
        id: "toilets-near-label",
        type: "symbol",
        source: "toilets-near",
        layout: {
          "text-field": ["get", "label"],
          "text-font": ["sans-serif"],
          "text-size": 13,
          "text-allow-overlap": true,
        },
        paint: { "text-color": token("map-facility-ink") },
      },
    ],
  },
  {
    source: "here",
    layers: () => [
      {
        id: "here",
        type: "circle",
        source: "here",
        paint: {
          "circle-radius": 8,
          "circle-color": token("map-selected"),
          "circle-stroke-color": "#ffffff",
          "circle-stroke-width": 3,
        },
      },
    ],
  },
];
