/** The map itself: MapLibre with the page's style, its sources fed from the page's state. */
import { computed, effect, untracked } from "@preact/signals";
import { Map as MapLibre, ScaleControl, type CustomLayerInterface, type GeoJSONSource } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";

import type { CollectionPoint, Position } from "../api/types";
import { showDuration } from "../format/show";
import { afterDrawing } from "../frame/after-drawing";
import { isSelectionKind, mapPlace, panel, select, selection } from "../state/address";
import { unseenSubjects } from "../state/alarms";
import { nowMs, town } from "../state/clock";
import { pointed, replayMs } from "../state/cursor";
import { dayTracks } from "../state/day-tracks";
import { DRIVING_KMH, truckStates, vehicles, vehiclesById, type TruckState } from "../state/fleet";
import { contractors, facilities, facilitiesById, points, pointsById, streets, zones } from "../state/register";
import { theme } from "../state/theme";
import { pointStates, type PointState } from "../state/visits";
import { timelinePlan } from "../timeline/rows";
import { seenAt } from "../timeline/seen";
import {
  alarmFeatures,
  boxOf,
  facilityFeatures,
  NOTHING,
  pointChanges,
  pointFeatures,
  coreBox,
  speedFeatures,
  trackFeatures,
  trackStopFeatures,
  truckFeatures,
  zoneFeatures,
  zoneLabels,
  type AlarmedPlace,
  type Box,
} from "./features";
import type { BaseLayers } from "./base/base-layers";
import { baseLayersOf, watchBase } from "./base/watch";
import { nameCanvas } from "./canvas-name";
import { Dots } from "./dots";
import { drawIcons, ICON_PIXEL_RATIO } from "./icons";
import { BY_HAND, keepPlace } from "./kept-place";
import { FleetMotion, type Shown } from "./motion";
import { followed, hiddenGroups, plannedRoutes, selectedRoute, selectedTrack } from "./overlays";
import {
  buildStyle,
  DOTS_BELOW_ZOOM,
  LAYER_GROUPS,
  LINE_LAYERS,
  MANY_POINTS,
  MANY_TRUCKS,
  MARKS_BELOW_ZOOM,
  SELECTABLE_LAYERS,
  type LayerGroup,
  type SourceName,
} from "./style";
import { TruckMarks } from "./truck-marks";

/** How close a click must be, in pixels: a finger is not a needle. */
const CLICK_REACH_PX = 7;
/** Trucks are redrawn this often while one slides. */
const FRAME_MS = 50;
/** Each new drawing of trucks costs as much as all symbols of the map: a large fleet is drawn less often. */
const MANY_TRUCKS_FRAME_MS = 500;
const FADE_MS = 100;
/** A machine that takes long for a frame is left this many times as long to its other work. */
const REST_FACTOR = 4;
/** The map goes on drawing after its trucks were set, tile by tile: for long where no graphics card does it. */
const REST_AFTER_DRAWING = 2;
const LONGEST_REST_MS = 3_000;
const CLOSE_ZOOM = 15;

/** The map's handle for the buttons around it. */
export interface TownMap {
  zoomBy(levels: number): void;
  fitTown(): void;
  remove(): void;
}

/** Draw the town's map in `container` and keep it current until `remove`. */
export function createTownMap(container: HTMLElement, base: BaseLayers | null): TownMap {
  const map = new MapLibre({
    container,
    style: buildStyle(base),
    center: mapPlace.peek()?.centre ?? [110, 32],
    zoom: mapPlace.peek()?.zoom ?? 4,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    // With 0, MapLibre would place all symbols anew in every frame.
    fadeDuration: FADE_MS,
    maxPitch: 0,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-right");
  watchBase(map);
  const endings: (() => void)[] = [nameCanvas(map)];
  // Not when all is loaded: a base map whose server does not answer would hold up our own.
  void map.once("style.load", () => {
    endings.push(...feed(map, base), ...listen(map));
    container.dataset["ready"] = "true";
  });
  const fitTown = () => {
    const box = townBox();
    mapPlace.value = null;
    if (box !== null) map.fitBounds(box, { padding: 28, maxZoom: 16, duration: 500 });
  };
  return {
    zoomBy: (levels) => map.zoomTo(map.getZoom() + levels, {}, BY_HAND),
    fitTown,
    remove() {
      for (const end of endings) end();
      map.remove();
    },
  };
}

/** The box around what the town has: its points and facilities, else its streets. */
function townBox(): Box | null {
  const places: GeoJSON.Position[] = [
    ...points.value.value.map((point): Position => [point.lon, point.lat]),
    ...facilities.value.value
      .filter((facility) => facility.kind !== "landfill")
      .map((facility): Position => [facility.lon, facility.lat]),
  ];
  if (places.length > 0) return boxOf(places);
  return town.value?.bbox ?? null;
}

function setData(map: MapLibre, source: SourceName, data: GeoJSON.GeoJSON): void {
  map.getSource<GeoJSONSource>(source)?.setData(data);
}

/** Draw lines, and no layer of them where there are none. */
function setLines(map: MapLibre, source: keyof typeof LINE_LAYERS, data: GeoJSON.FeatureCollection | null): void {
  for (const layer of LINE_LAYERS[source]) {
    map.setLayoutProperty(layer, "visibility", data === null ? "none" : "visible");
  }
  setData(map, source, data ?? NOTHING);
}

/** Fill the style's sources from the state, again each time it changes or the style is built anew. */
function feed(map: MapLibre, base: BaseLayers | null): (() => void)[] {
  let feeders = startFeeders(map);
  let painted = theme.peek();
  const stop = effect(() => {
    if (theme.value === painted) return;
    painted = theme.value;
    untracked(() => {
      for (const end of feeders) end();
      map.setStyle(buildStyle(base), { diff: false });
      void map.once("style.load", () => (feeders = startFeeders(map)));
    });
  });
  return [stop, () => feeders.forEach((end) => end())];
}

function startFeeders(map: MapLibre): (() => void)[] {
  const icons = drawIcons();
  for (const [name, image] of icons) map.addImage(name, image, { pixelRatio: ICON_PIXEL_RATIO });
  return [
    effect(() => setData(map, "zones", zoneFeatures(zones.value.value, contractors.value.value))),
    effect(() => setData(map, "zone-labels", zoneLabels(zones.value.value))),
    effect(() => setData(map, "streets", streets.value.value)),
    feedPoints(map),
    effect(() => setData(map, "facilities", facilityFeatures(facilities.value.value))),
    effect(() => setLines(map, "route", selectedRoute.value)),
    effect(() => setLines(map, "plan", plannedRoutes.value)),
    effect(() => drawTrack(map)),
    effect(() => setData(map, "alarms", alarmFeatures(alarmedPlaces.value))),
    effect(() => setData(map, "cursor", cursorPlace())),
    effect(() => {
      for (const group of Object.keys(LAYER_GROUPS) as LayerGroup[]) {
        const visibility = hiddenGroups.value.has(group) ? "none" : "visible";
        const layers = group === "base" ? baseLayersOf(map) : LAYER_GROUPS[group];
        for (const layer of layers) map.setLayoutProperty(layer, "visibility", visibility);
      }
    }),
    driveTrucks(map, icons),
  ];
}

/** Points are many and few change at a time: after the first time only those go to the map. */
function feedPoints(map: MapLibre): () => void {
  const dots = new Dots(map, () => isShown(map, "points-dots"));
  const removeDots = addOwn(map, dots, "points");
  let drawn: { points: readonly CollectionPoint[]; states: ReadonlyMap<string, PointState> } | null = null;
  const stop = effect(() => {
    const all = points.value.value;
    const states = pointStates.value;
    if (all.length > MANY_POINTS) dots.show(all, states);
    if (drawn?.points !== all) {
      const dotsBelow = all.length > MANY_POINTS ? DOTS_BELOW_ZOOM : 0;
      map.setLayerZoomRange("points-dots", 0, dotsBelow);
      map.setLayerZoomRange("points", dotsBelow, 24);
      setData(map, "points", pointFeatures(all, states));
    } else {
      const update = pointChanges(drawn.states, states);
      if (update.length > 0) map.getSource<GeoJSONSource>("points")?.updateData({ update });
    }
    drawn = { points: all, states };
  });
  return () => {
    stop();
    removeDots();
  };
}

/** Lay a layer of our own below another, also when the graphics card was reset and lost it; returns what removes it. */
function addOwn(map: MapLibre, layer: CustomLayerInterface, below: string): () => void {
  const add = () => map.addLayer(layer, below);
  add();
  const restored = map.on("style.load", add);
  return () => {
    restored.unsubscribe();
    map.removeLayer(layer.id);
  };
}

function isShown(map: MapLibre, layer: string): boolean {
  return map.getLayer(layer)?.isHidden(map.getZoom()) === false;
}

/** Points and facilities with an open alarm that nobody has acknowledged; trucks carry theirs along. */
const alarmedPlaces = computed(() =>
  [...unseenSubjects.value].flatMap(([kind, id]): AlarmedPlace[] => {
    const place = kind === "vehicle" ? null : placeOf(kind, id);
    return place === null ? [] : [{ place, kind, id }];
  }),
);
const alarmedTrucks = computed(
  () => new Set([...unseenSubjects.value].filter(([kind]) => kind === "vehicle").map(([, id]) => id)),
);

/** The selected truck's track; with the timeline open, its speeds and where it stood. */
function drawTrack(map: MapLibre): void {
  const chosen = selection.value;
  const withSpeeds = panel.value === "timeline";
  const kept = withSpeeds && chosen?.kind === "vehicle" ? dayTracks.value.get(chosen.id) : undefined;
  const track = kept ?? selectedTrack.value;
  const label = (durationMs: number) => showDuration(durationMs / 1000);
  setLines(map, "track", track === null ? null : withSpeeds ? speedFeatures(track) : trackFeatures(track));
  setData(map, "track-stops", track === null || !withSpeeds ? NOTHING : trackStopFeatures(track, label));
}

/** Where the truck under the timeline's cursor was then; ahead of now, at the stop that it is planned to do. */
function cursorPlace(): GeoJSON.GeoJSON {
  const at = pointed.value;
  if (at === null) return NOTHING;
  const track = dayTracks.value.get(at.vehicleId);
  const seen = track === undefined || at.atMs > nowMs.peek() ? null : seenAt(track, at.atMs);
  if (seen !== null) return { type: "Point", coordinates: [seen.lon, seen.lat] };
  const route = timelinePlan.value?.routes.find((each) => each.vehicle_id === at.vehicleId);
  const stop = route?.stops.findLast((each) => each.lon !== null && Date.parse(each.arrive_at) <= at.atMs);
  if (stop === undefined || stop.lon === null || stop.lat === null) return NOTHING;
  return { type: "Point", coordinates: [stop.lon, stop.lat] };
}

const NOBODY: ReadonlySet<string> = new Set();

/** Each truck where its track has it at the instant that is replayed. */
function replayedFeatures(atMs: number): GeoJSON.FeatureCollection {
  const states = new Map<string, TruckState>();
  const shown = new Map<string, Shown>();
  for (const [vehicleId, track] of dayTracks.peek()) {
    const seen = seenAt(track, atMs);
    if (seen === null) continue;
    states.set(vehicleId, seen.inGap ? "stale" : (seen.speedKmh ?? 0) >= DRIVING_KMH ? "driving" : "standing");
    shown.set(vehicleId, { position: [seen.lon, seen.lat], headingDeg: seen.headingDeg, moving: false });
  }
  return truckFeatures(vehicles.value.peek(), states, (vehicleId) => shown.get(vehicleId) ?? null, NOBODY);
}

/** Move the trucks, and the ring around a selected one, frame by frame. */
function driveTrucks(map: MapLibre, icons: ReadonlyMap<string, ImageData>): () => void {
  const motion = new FleetMotion();
  const marks = new TruckMarks(map, () => isShown(map, "trucks-marks"), icons);
  const removeMarks = addOwn(map, marks, "trucks");
  const draw = (features: GeoJSON.FeatureCollection) => {
    const marksBelow = features.features.length > MANY_TRUCKS ? MARKS_BELOW_ZOOM : 0;
    map.setLayerZoomRange("trucks-marks", 0, marksBelow);
    map.setLayerZoomRange("trucks", marksBelow, 24);
    if (marksBelow > 0) marks.show(features);
    setData(map, "trucks", features);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let restMs = FRAME_MS;
  let [drawnMs, renderedMs] = [0, 0];
  const rendered = () => (renderedMs = performance.now());
  map.on("render", rendered);
  const drawTrucks = (askedMs: number) => {
    timer = undefined;
    const atMs = performance.now();
    const leastMs = vehicles.value.peek().length > MANY_TRUCKS ? MANY_TRUCKS_FRAME_MS : FRAME_MS;
    const busyMs = Math.max((atMs - askedMs) * REST_FACTOR, (renderedMs - drawnMs) * REST_AFTER_DRAWING);
    restMs = Math.min(Math.max(busyMs, leastMs), LONGEST_REST_MS);
    drawnMs = atMs;
    const shown = (vehicleId: string) => motion.shownAt(vehicleId, atMs);
    const trucks = vehicles.value.peek();
    const replayedMs = replayMs.peek();
    if (replayedMs !== null) {
      draw(replayedFeatures(replayedMs));
      setData(map, "selected", NOTHING);
      return;
    }
    draw(truckFeatures(trucks, truckStates.peek(), shown, alarmedTrucks.peek()));
    ringSelected(map, motion, atMs);
    if (trucks.some((truck) => shown(truck.id)?.moving === true)) schedule();
  };
  const schedule = () => {
    timer ??= setTimeout(() => {
      const askedMs = performance.now();
      requestAnimationFrame(() => drawTrucks(askedMs));
    }, restMs);
  };
  const stopReceiving = effect(() => {
    for (const truck of vehicles.value.value) {
      if (truck.last_position !== null) motion.receive(truck.id, truck.last_position, performance.now());
    }
    schedule();
  });
  // A truck may change its state, or be selected, without a new fix.
  const endings = [
    stopReceiving,
    ...[truckStates, selection, replayMs, dayTracks, alarmedTrucks].map((each) => each.subscribe(schedule)),
  ];
  return () => {
    for (const end of endings) end();
    map.off("render", rendered);
    clearTimeout(timer);
    removeMarks();
  };
}

function ringSelected(map: MapLibre, motion: FleetMotion, atMs: number): void {
  const chosen = selection.peek();
  const place = chosen?.kind === "vehicle" ? (motion.shownAt(chosen.id, atMs)?.position ?? null) : placeOfSelection();
  setData(map, "selected", place === null ? NOTHING : { type: "Point", coordinates: place });
  if (chosen?.kind === "vehicle" && place !== null && followed.peek() && !map.isMoving()) {
    mapPlace.value = null;
    map.easeTo({ center: place, duration: 300 });
  }
}

function placeOfSelection(): Position | null {
  const chosen = selection.value;
  return chosen === null ? null : placeOf(chosen.kind, chosen.id);
}

/** Where a thing of the register stands or a truck was heard last; null for what is nowhere on the map. */
function placeOf(kind: string, id: string): Position | null {
  if (kind === "vehicle") {
    const fix = vehiclesById.value.get(id)?.last_position ?? null;
    return fix === null ? null : [fix.lon, fix.lat];
  }
  const place = kind === "point" ? pointsById.value.get(id) : kind === "facility" ? facilitiesById.value.get(id) : null;
  return place === null || place === undefined ? null : [place.lon, place.lat];
}

function listen(map: MapLibre): (() => void)[] {
  map.on("click", (event) => {
    const { x, y } = event.point;
    const near: [[number, number], [number, number]] = [
      [x - CLICK_REACH_PX, y - CLICK_REACH_PX],
      [x + CLICK_REACH_PX, y + CLICK_REACH_PX],
    ];
    for (const [layer, kind] of Object.entries(SELECTABLE_LAYERS)) {
      const hit = map.queryRenderedFeatures(near, { layers: [layer] })[0];
      if (hit === undefined) continue;
      const subject = String(hit.properties["subject"] ?? kind);
      if (isSelectionKind(subject)) select(subject, String(hit.properties["id"]));
      return;
    }
    selection.value = null;
  });
  for (const layer of Object.keys(SELECTABLE_LAYERS)) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  map.on("dragstart", () => (followed.value = false));
  return [keepPlace(map, mapPlace), fitOnce(map), bringSelectionIntoView(map)];
}

/** Show the heart of the town as soon as it is known, once; a button shows all of it. */
function fitOnce(map: MapLibre): () => void {
  let done = false;
  return effect(() => {
    if (done || points.waiting.value || facilities.waiting.value) return;
    const box = coreBox(points.value.value.map((point): Position => [point.lon, point.lat])) ?? townBox();
    if (box === null) return;
    done = true;
    if (mapPlace.peek() === null) map.fitBounds(box, { padding: 28, maxZoom: 16, duration: 0 });
  });
}

/** Move the map to what is selected, unless it is well in view already. */
function bringSelectionIntoView(map: MapLibre): () => void {
  const nameOf = (chosen: typeof selection.value) => (chosen === null ? "" : `${chosen.kind}:${chosen.id}`);
  // Who sends an address has put the map where it is.
  let shownFor = mapPlace.peek() === null ? "" : nameOf(selection.peek());
  let callOff: (() => void) | undefined;
  const stop = effect(() => {
    const chosen = selection.value;
    const name = nameOf(chosen);
    if (name === shownFor) return;
    const place = placeOfSelection();
    if (chosen !== null && place === null) return;
    shownFor = name;
    callOff?.();
    // The card has its place by then.
    if (place !== null) callOff = afterDrawing(() => bringIntoView(map, place));
  });
  return () => {
    stop();
    callOff?.();
  };
}

function bringIntoView(map: MapLibre, place: Position): void {
  const { x, y } = map.project(place);
  const { clientWidth: width, clientHeight } = map.getContainer();
  const coveredPx = coveredByCardPx(map.getContainer());
  const height = clientHeight - coveredPx;
  const inView = x > width * 0.1 && x < width * 0.9 && y > height * 0.1 && y < height * 0.9;
  if (inView && map.getZoom() >= CLOSE_ZOOM - 2) return;
  mapPlace.value = null;
  const zoom = Math.max(map.getZoom(), CLOSE_ZOOM - 0.5);
  map.easeTo({ center: place, zoom, offset: [0, -coveredPx / 2], duration: 600 });
}

/** How much of the map's foot the card hides once it is full: on a phone it lies over the map. */
function coveredByCardPx(container: HTMLElement): number {
  const card = document.querySelector(".card");
  if (card === null || card.getBoundingClientRect().left >= container.getBoundingClientRect().right) return 0;
  const mostOfMap = parseFloat(getComputedStyle(card).maxHeight) / 100;
  return Number.isNaN(mostOfMap) ? 0 : container.clientHeight * mostOfMap;
}
