/** How an archive of vector tiles is drawn: quiet ground for what the page shows, in the theme's colours. */
import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";

import { token } from "../../state/theme";

/** The kinds as Protomaps' basemap (version 4) has them; its place in other schemas is left empty by the map. */
const GREEN = ["park", "forest", "wood", "grass", "grassland", "scrub", "nature_reserve", "cemetery", "golf_course"];

/** The layers of the vector tiles in `source`, from the ground up; labels are in the language of the place. */
export function vectorLayers(source: string, font: string[]): LayerSpecification[] {
  const round = { "line-cap": "round", "line-join": "round" } as const;
  const ofKind = (...kinds: string[]): FilterSpecification => ["in", ["get", "kind"], ["literal", kinds]];
  const isMain: ExpressionSpecification = ["in", ["get", "kind"], ["literal", ["highway", "major_road"]]];
  const fill = (id: string, layer: string, colour: string, filter?: FilterSpecification): LayerSpecification => ({
    id: `base-${id}`,
    type: "fill",
    source,
    "source-layer": layer,
    filter: filter ?? ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-color": token(colour) },
  });
  const road = (id: string, colours: [main: string, other: string], extraPx: number): LayerSpecification => ({
    id: `base-${id}`,
    type: "line",
    source,
    "source-layer": "roads",
    filter: ofKind("highway", "major_road", "minor_road"),
    layout: round,
    paint: {
      "line-color": ["case", isMain, token(colours[0]), token(colours[1])],
      "line-width": roadWidth(isMain, extraPx),
    },
  });
  const label = (id: string, layer: string, size: number, rest: Partial<LabelLayer>): LayerSpecification => ({
    id: `base-${id}`,
    type: "symbol",
    source,
    "source-layer": layer,
    paint: { "text-color": token("map-label"), "text-halo-color": token("map-halo"), "text-halo-width": 1.6 },
    ...rest,
    layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": font, "text-size": size, ...rest.layout },
  });
  return [
    fill("earth", "earth", "map-land"),
    fill("green", "landuse", "map-green", ofKind(...GREEN)),
    fill("water", "water", "map-water"),
    { ...fill("buildings", "buildings", "map-building"), minzoom: 14.5 },
    {
      id: "base-paths",
      type: "line",
      source,
      "source-layer": "roads",
      minzoom: 15,
      filter: ofKind("path"),
      paint: { "line-color": token("map-street-casing"), "line-width": 1.2, "line-dasharray": [3, 2] },
    },
    road("roads-casing", ["map-street-main-casing", "map-street-casing"], 1.6),
    road("roads", ["map-street-main", "map-street"], 0),
    {
      id: "base-rail",
      type: "line",
      source,
      "source-layer": "roads",
      filter: ofKind("rail"),
      paint: { "line-color": token("map-zone-line"), "line-width": 1.4, "line-dasharray": [6, 3] },
    },
    {
      id: "base-boundaries",
      type: "line",
      source,
      "source-layer": "boundaries",
      paint: { "line-color": token("map-zone-line"), "line-width": 1, "line-dasharray": [2, 3] },
    },
    label("roads-label", "roads", 11.5, {
      minzoom: 13.5,
      filter: ofKind("highway", "major_road", "minor_road"),
      layout: { "symbol-placement": "line", "symbol-spacing": 320, "text-max-angle": 35 },
    }),
    label("water-label", "water", 11.5, { minzoom: 12, filter: ["==", ["geometry-type"], "Point"] }),
    label("places-label", "places", 13, { maxzoom: 15.5 }),
  ];
}

type LabelLayer = Extract<LayerSpecification, { type: "symbol" }>;

function roadWidth(isMain: ExpressionSpecification, extraPx: number): ExpressionSpecification {
  const by = (main: number, other: number): ExpressionSpecification => [
    "case",
    isMain,
    main + extraPx,
    other + extraPx,
  ];
  return [
    "interpolate",
    ["exponential", 1.6],
    ["zoom"],
    10,
    by(1.2, 0.3),
    13,
    by(3, 1.4),
    16,
    by(11, 6),
    19,
    by(34, 20),
  ];
}
