/** The map's own style: no tiles, no glyph server; text is drawn from the fonts of the machine. */
import type {
  DataDrivenPropertyValueSpecification,
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";

import { token } from "../state/theme";
import type { BaseLayers } from "./base/base-layers";
import { CONTRACTOR_COLOURS, NOTHING, SPEED_CLASSES_KMH } from "./features";

/** The sources by name; each is a GeoJSON that the page fills. */
export const SOURCES = [
  "zones",
  "zone-labels",
  "streets",
  "plan",
  "route",
  "track",
  "track-stops",
  "facilities",
  "points",
  "selected",
  "trucks",
  "alarms",
  "cursor",
] as const;
export type SourceName = (typeof SOURCES)[number];

/** The source that all layers of a base map draw. */
export const BASE_SOURCE = "base";

/** The layers that a switch of the map shows and hides together; those of a base map are its own. */
export const LAYER_GROUPS = {
  base: [],
  zones: ["zones-fill", "zones-line", "zones-label"],
  points: ["points", "points-dots", "points-label"],
  facilities: ["facilities", "facilities-label"],
  toilets: ["toilets"],
  trucks: ["trucks", "trucks-marks"],
  alarms: ["alarms", "trucks-alarms"],
  labels: ["streets-label"],
} as const;
export type LayerGroup = keyof typeof LAYER_GROUPS;

/**
 * Lines that are mostly not there, by source. A layer of lines costs as much as the whole screen even where it has none:
 * MapLibre first draws the outline of its tiles.
 */
export const LINE_LAYERS = {
  plan: ["plan-line"],
  route: ["route-casing", "route-line"],
  track: ["track-line"],
} as const satisfies Partial<Record<SourceName, readonly string[]>>;

/** Layers that a click selects from, topmost first, and the kind of what they hold where a mark has no `subject`. */
export const SELECTABLE_LAYERS = {
  "trucks-alarms": "vehicle",
  alarms: "point",
  trucks: "vehicle",
  "trucks-marks": "vehicle",
  points: "point",
  "points-dots": "point",
  facilities: "facility",
  toilets: "facility",
} as const;

const FONT = ["PingFang SC", "Microsoft YaHei", "Noto Sans SC", "WenQuanYi Micro Hei", "sans-serif"];
const BOLD_FONT = FONT.map((family) => (family === "sans-serif" ? family : `${family} Bold`));

/** Colours of routes when several are drawn at once. */
export const ROUTE_COLOURS = 8;

const MAIN_CLASSES = ["motorway", "trunk", "primary", "secondary"];

/**
 * Build the style in the theme's colours, its sources empty.
 *
 * A base map lies over our own streets: they show where it has, or gives, no tiles.
 */
export function buildStyle(base: BaseLayers | null = null): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  for (const name of SOURCES) sources[name] = { type: "geojson", data: NOTHING };
  // A point whose state changes is found again by its code.
  sources["points"] = { type: "geojson", data: NOTHING, promoteId: "id" };
  if (base !== null) sources[BASE_SOURCE] = base.source;
  const ground =
    base === null ? [...zoneLayers(), ...streetLayers()] : [...streetLayers(), ...base.layers(FONT), ...zoneLayers()];
  return {
    version: 8,
    sources,
    layers: [
      { id: "land", type: "background", paint: { "background-color": token("map-land") } },
      ...ground,
      ...routeLayers(),
      ...facilityLayers(),
      ...pointLayers(),
      ...labelLayers(),
      ...truckLayers(),
      ...markLayers(),
    ],
  };
}

function zoneLayers(): LayerSpecification[] {
  return [
    {
      id: "zones-fill",
      type: "fill",
      source: "zones",
      paint: { "fill-color": contractorColour(), "fill-opacity": 0.16 },
    },
    {
      id: "zones-line",
      type: "line",
      source: "zones",
      paint: { "line-color": token("map-zone-line"), "line-width": 1.2, "line-dasharray": [4, 2.5] },
    },
  ];
}

function contractorColour(): ExpressionSpecification {
  const cases: (number | string)[] = [];
  for (let number = 1; number <= CONTRACTOR_COLOURS; number++) cases.push(number, token(`contractor-${number}`));
  return ["match", ["get", "colour"], ...cases, token("map-zone-line")] as unknown as ExpressionSpecification;
}

function streetLayers(): LayerSpecification[] {
  const isMain: ExpressionSpecification = ["in", ["get", "class"], ["literal", MAIN_CLASSES]];
  return [
    {
      id: "streets-casing",
      type: "line",
      source: "streets",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": ["case", isMain, token("map-street-main-casing"), token("map-street-casing")],
        "line-width": streetWidth(1.6),
      },
    },
    {
      id: "streets",
      type: "line",
      source: "streets",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": ["case", isMain, token("map-street-main"), token("map-street")],
        "line-width": streetWidth(0),
      },
    },
    {
      id: "streets-label",
      type: "symbol",
      source: "streets",
      minzoom: 13.5,
      filter: ["has", "name"],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 320,
        "text-field": ["coalesce", ["get", "name"], ""],
        "text-font": FONT,
        "text-size": 11.5,
        "text-max-angle": 35,
      },
      paint: { "text-color": token("map-label"), "text-halo-color": token("map-halo"), "text-halo-width": 1.6 },
    },
  ];
}

/** Width by class and zoom; the casing is wider by `extra` pixels. */
function streetWidth(extra: number): DataDrivenPropertyValueSpecification<number> {
  const byClass = (main: number, middle: number, small: number): ExpressionSpecification => [
    "match",
    ["get", "class"],
    MAIN_CLASSES,
    main + extra,
    ["tertiary", "unclassified"],
    middle + extra,
    small + extra,
  ];
  return [
    "interpolate",
    ["exponential", 1.6],
    ["zoom"],
    10,
    byClass(1.4, 0.8, 0.3),
    13,
    byClass(3.2, 2.2, 1.1),
    16,
    byClass(11, 8, 5),
    19,
    byClass(34, 26, 18),
  ];
}

function routeLayers(): LayerSpecification[] {
  const round = { "line-cap": "round", "line-join": "round" } as const;
  return [
    {
      id: "plan-line",
      type: "line",
      source: "plan",
      layout: round,
      paint: { "line-color": routeColour(), "line-width": 3, "line-opacity": 0.85 },
    },
    {
      id: "route-casing",
      type: "line",
      source: "route",
      layout: round,
      paint: { "line-color": token("map-halo"), "line-width": 8, "line-opacity": 0.85 },
    },
    {
      id: "route-line",
      type: "line",
      source: "route",
      paint: { "line-color": token("map-planned"), "line-width": 4, "line-dasharray": [2.2, 1.1], "line-opacity": 0.9 },
    },
    {
      id: "track-line",
      type: "line",
      source: "track",
      layout: round,
      paint: { "line-color": speedColour(), "line-width": 3.5, "line-opacity": 0.85 },
    },
    {
      id: "track-stops",
      type: "circle",
      source: "track-stops",
      minzoom: 12,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["get", "minutes"], 1, 3, 30, 8],
        "circle-color": token("map-halo"),
        "circle-stroke-color": token("map-track"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "track-stops-label",
      type: "symbol",
      source: "track-stops",
      minzoom: 14,
      layout: {
        "text-field": ["get", "label"],
        "text-font": FONT,
        "text-size": 11,
        "text-anchor": "bottom",
        "text-offset": [0, -0.7],
      },
      paint: haloPaint("map-track"),
    },
  ];
}

/** A part of a track that has no speed class has the track's own colour. */
function speedColour(): ExpressionSpecification {
  const cases = SPEED_CLASSES_KMH.flatMap((_, index): (number | string)[] => [index, token(`speed-${index}`)]);
  return ["match", ["get", "speed"], ...cases, token("map-track")] as unknown as ExpressionSpecification;
}

function routeColour(): ExpressionSpecification {
  const cases: (number | string)[] = [];
  for (let number = 1; number < ROUTE_COLOURS; number++) cases.push(number, token(`route-${number}`));
  return ["match", ["get", "colour"], ...cases, token("route-0")] as unknown as ExpressionSpecification;
}

function facilityLayers(): LayerSpecification[] {
  const isToilet: ExpressionSpecification = ["==", ["get", "kind"], "public_toilet"];
  return [
    {
      id: "toilets",
      type: "symbol",
      source: "facilities",
      minzoom: 11.5,
      filter: isToilet,
      layout: iconLayout(["interpolate", ["linear"], ["zoom"], 12, 0.55, 15, 0.95]),
    },
    {
      id: "facilities",
      type: "symbol",
      source: "facilities",
      filter: ["!", isToilet],
      layout: iconLayout(["interpolate", ["linear"], ["zoom"], 11, 0.75, 15, 1.1]),
    },
  ];
}

/** With more points than this, icons are drawn from `DOTS_BELOW_ZOOM` up: further out they would hide each other. */
export const MANY_POINTS = 5_000;
export const DOTS_BELOW_ZOOM = 13;
/** How large something is drawn, from one zoom to another. */
export type Sizes = readonly [readonly [farZoom: number, far: number], readonly [nearZoom: number, near: number]];
/** The radii of dots, without their halo. */
export const DOT_RADII_PX: Sizes = [
  [10, 1.8],
  [DOTS_BELOW_ZOOM, 4],
];
export const DOT_HALO_PX = 0.8;

/** With more trucks than this, marks without labels are drawn below `MARKS_BELOW_ZOOM`. */
export const MANY_TRUCKS = 300;
export const MARKS_BELOW_ZOOM = 13;
/** As shares of the icon. */
export const TRUCK_SIZES: Sizes = [
  [11, 0.82],
  [15, 1.1],
];

/** The size at a zoom, as the style's own interpolation has it. */
export function sizeAt([[farZoom, far], [nearZoom, near]]: Sizes, zoom: number): number {
  const share = Math.min(Math.max((zoom - farZoom) / (nearZoom - farZoom), 0), 1);
  return far + (near - far) * share;
}

const interpolated = (sizes: Sizes): ExpressionSpecification => [
  "interpolate",
  ["linear"],
  ["zoom"],
  ...sizes[0],
  ...sizes[1],
];

function pointLayers(): LayerSpecification[] {
  return [
    {
      // For clicks: `Dots` draws them.
      id: "points-dots",
      type: "circle",
      source: "points",
      maxzoom: 0,
      layout: { "circle-sort-key": ["get", "order"] },
      paint: {
        "circle-radius": interpolated(DOT_RADII_PX),
        "circle-stroke-width": DOT_HALO_PX,
        "circle-opacity": 0,
        "circle-stroke-opacity": 0,
      },
    },
    {
      id: "points",
      type: "symbol",
      source: "points",
      layout: {
        ...iconLayout(["interpolate", ["linear"], ["zoom"], 11, 0.5, 13, 0.74, 15, 1, 18, 1.3]),
        "symbol-sort-key": ["get", "order"],
      },
    },
    {
      id: "selected",
      type: "circle",
      source: "selected",
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 11, 16, 19],
        "circle-color": token("map-selected"),
        "circle-opacity": 0.16,
        "circle-stroke-color": token("map-selected"),
        "circle-stroke-width": 2.5,
      },
    },
  ];
}

/** Labels of points, zones and facilities, above the icons; where they collide, a facility's stays. */
function labelLayers(): LayerSpecification[] {
  return [
    {
      id: "points-label",
      type: "symbol",
      source: "points",
      minzoom: 15.5,
      layout: {
        "text-field": ["get", "label"],
        "text-font": FONT,
        "text-size": 11,
        "text-anchor": "top",
        "text-offset": [0, 0.95],
        "symbol-sort-key": ["-", ["get", "order"]],
      },
      paint: haloPaint("map-label"),
    },
    {
      id: "zones-label",
      type: "symbol",
      source: "zone-labels",
      maxzoom: 15.5,
      layout: { "text-field": ["get", "label"], "text-font": FONT, "text-size": 11.5, "text-padding": 8 },
      paint: haloPaint("map-zone-label"),
    },
    {
      id: "facilities-label",
      type: "symbol",
      source: "facilities",
      minzoom: 12,
      filter: ["!=", ["get", "kind"], "public_toilet"],
      layout: {
        "text-field": ["get", "label"],
        "text-font": BOLD_FONT,
        "text-size": 11.5,
        "text-anchor": "top",
        "text-offset": [0, 1.15],
        "text-line-height": 1.1,
      },
      paint: haloPaint("map-facility"),
    },
  ];
}

function truckLayers(): LayerSpecification[] {
  return [
    {
      // For clicks: `TruckMarks` draws them.
      id: "trucks-marks",
      type: "circle",
      source: "trucks",
      maxzoom: 0,
      paint: { "circle-radius": 11, "circle-opacity": 0 },
    },
    {
      id: "trucks",
      type: "symbol",
      source: "trucks",
      layout: {
        ...iconLayout(interpolated(TRUCK_SIZES)),
        "icon-rotate": ["get", "heading"],
        "icon-rotation-alignment": "map",
        "text-field": ["step", ["zoom"], "", 12, ["get", "label"]],
        "text-font": BOLD_FONT,
        "text-size": 11,
        "text-anchor": "bottom",
        "text-offset": [0, -1.5],
        "text-optional": true,
      },
      paint: { ...haloPaint("map-truck"), "text-halo-width": 2 },
    },
  ];
}

/** What lies over everything: open alarms beside what they are about, and the timeline's cursor. */
function markLayers(): LayerSpecification[] {
  const alarmLayout: SymbolLayerSpecification["layout"] = {
    ...iconLayout(["interpolate", ["linear"], ["zoom"], 11, 0.75, 15, 1]),
    "icon-image": "alarm",
    "icon-offset": [11, -11],
  };
  return [
    { id: "alarms", type: "symbol", source: "alarms", layout: alarmLayout },
    { id: "trucks-alarms", type: "symbol", source: "trucks", filter: ["get", "alarmed"], layout: alarmLayout },
    {
      id: "cursor",
      type: "circle",
      source: "cursor",
      paint: {
        "circle-radius": 7,
        "circle-color": token("map-planned"),
        "circle-stroke-color": token("map-halo"),
        "circle-stroke-width": 2.5,
      },
    },
  ];
}

function iconLayout(size: DataDrivenPropertyValueSpecification<number>) {
  return {
    "icon-image": ["get", "icon"] as ExpressionSpecification,
    "icon-size": size,
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
  };
}

function haloPaint(colour: string) {
  return { "text-color": token(colour), "text-halo-color": token("map-halo"), "text-halo-width": 1.8 };
}
