/** The town's things as GeoJSON for the map's sources. */
import type { GeoJSONFeatureDiff } from "maplibre-gl";

import type { CollectionPoint, Contractor, Facility, Position, Track, Vehicle, Zone } from "../api/types";
import type { TruckState } from "../state/fleet";
import type { PointState } from "../state/visits";
import { standsAndWays } from "../timeline/bars";
import type { Shown } from "./motion";

type Features = GeoJSON.FeatureCollection;

/** How many colours there are for contractors; with more, colours repeat. */
export const CONTRACTOR_COLOURS = 6;

/** Points are drawn in this order, the urgent ones on top. */
export const POINT_ORDER: Record<PointState, number> = { not_due: 0, cleared: 1, pending: 2, due: 3, missed: 4 };

/** Icon steps of a station's fill: 0 to 4 quarters, 5 is over capacity. */
export const STATION_STEPS = 5;

export const NOTHING: Features = { type: "FeatureCollection", features: [] };

/** Zones with the number of their contractor's colour: 1 to 6, 0 without contractor. */
export function zoneFeatures(zones: readonly Zone[], contractors: readonly Contractor[]): Features {
  const numbers = contractorNumbers(contractors);
  return collection(
    zones.map((zone) => ({
      type: "Feature",
      geometry: zone.geometry,
      properties: { id: zone.id, colour: numbers.get(zone.contractor_id ?? "") ?? 0 },
    })),
  );
}

/** Each contractor's colour number, by its place in the order of codes. */
export function contractorNumbers(contractors: readonly Contractor[]): ReadonlyMap<string, number> {
  const ids = contractors.map((contractor) => contractor.id).sort();
  return new Map(ids.map((id, index) => [id, (index % CONTRACTOR_COLOURS) + 1]));
}

/** A label per zone, in the middle of its largest ring's box. */
export function zoneLabels(zones: readonly Zone[]): Features {
  return collection(zones.map((zone) => pointFeature(middleOf(zone), { label: zone.name ?? zone.id })));
}

/** Collection points with their state. */
export function pointFeatures(points: readonly CollectionPoint[], states: ReadonlyMap<string, PointState>): Features {
  return collection(
    points.map((point) =>
      pointFeature([point.lon, point.lat], {
        id: point.id,
        label: point.name ?? point.id,
        ...pointLooks(states.get(point.id)),
      }),
    ),
  );
}

/** What changes of the points' features when their states do. */
export function pointChanges(
  before: ReadonlyMap<string, PointState>,
  after: ReadonlyMap<string, PointState>,
): GeoJSONFeatureDiff[] {
  const changes: GeoJSONFeatureDiff[] = [];
  for (const [id, state] of after) {
    if (before.get(id) === state) continue;
    const looks = Object.entries(pointLooks(state)).map(([key, value]) => ({ key, value }));
    changes.push({ id, addOrUpdateProperties: looks });
  }
  return changes;
}

function pointLooks(state: PointState = "not_due") {
  return { icon: `point-${state}`, order: POINT_ORDER[state] };
}

/** Facilities with the icon that tells kind, life cycle and, for stations, how full the day is. */
export function facilityFeatures(facilities: readonly Facility[]): Features {
  return collection(
    facilities.map((facility) =>
      pointFeature([facility.lon, facility.lat], {
        id: facility.id,
        kind: facility.kind,
        label: facilityLabel(facility),
        icon: facilityIcon(facility),
      }),
    ),
  );
}

/** What share of its design throughput a station has received today; null where it cannot be told. */
export function loadRatioOf(facility: Facility): number | null {
  const received = facility.live?.throughput_t ?? null;
  return received === null || facility.design_t_per_day === null || facility.design_t_per_day === 0
    ? null
    : received / facility.design_t_per_day;
}

function facilityLabel(facility: Facility): string {
  const ratio = facility.kind === "transfer_station" ? loadRatioOf(facility) : null;
  const name = facility.name ?? facility.id;
  return ratio === null ? name : `${name}\n${Math.round(ratio * 100)}%`;
}

function facilityIcon(facility: Facility): string {
  const suffix = facility.status === "in_service" ? "" : "-idle";
  switch (facility.kind) {
    case "transfer_station": {
      if (suffix !== "") return "station-idle";
      const ratio = loadRatioOf(facility) ?? 0;
      return `station-${ratio > 1 ? STATION_STEPS : Math.round(ratio * (STATION_STEPS - 1))}`;
    }
    case "public_toilet":
      return `toilet${suffix}`;
    case "depot":
      return `depot${suffix}`;
    case "landfill":
    case "incinerator":
    case "construction_landfill":
      return `disposal${suffix}`;
  }
}

/** Trucks where they are shown right now. */
export function truckFeatures(
  trucks: readonly Vehicle[],
  states: ReadonlyMap<string, TruckState>,
  shown: (vehicleId: string) => Shown | null,
  alarmed: ReadonlySet<string>,
): Features {
  const features: GeoJSON.Feature[] = [];
  for (const truck of trucks) {
    const place = shown(truck.id);
    if (place === null) continue;
    const state = states.get(truck.id) ?? "unknown";
    features.push(
      pointFeature(place.position, {
        id: truck.id,
        label: truck.plate ?? truck.id,
        icon: `truck-${state}`,
        heading: state === "driving" ? (place.headingDeg ?? 0) : 0,
        alarmed: alarmed.has(truck.id),
      }),
    );
  }
  return collection(features);
}

/** A vehicle's track: one line per run of fixes, nothing over the gaps and nothing to an outlier. */
export function trackFeatures(track: Track): Features {
  const lines = track.segments
    .map((segment) => segment.filter((fix) => !fix.outlier))
    .filter((segment) => segment.length > 1)
    .map((segment) => segment.map((fix): Position => [fix.lon, fix.lat]));
  return collection([{ type: "Feature", geometry: { type: "MultiLineString", coordinates: lines }, properties: {} }]);
}

/** The lower ends of the speeds, in km/h, that a track is coloured by. */
export const SPEED_CLASSES_KMH = [0, 10, 30, 50];

/** A track with a line per run of one class of speed; nothing over the gaps and nothing to an outlier. */
export function speedFeatures(track: Track): Features {
  const runs: { speed: number; coordinates: Position[] }[] = [];
  for (const segment of track.segments) {
    let before: { place: Position; speed: number } | null = null;
    for (const fix of segment) {
      if (fix.outlier) continue;
      const place: Position = [fix.lon, fix.lat];
      const speed = SPEED_CLASSES_KMH.findLastIndex((least) => (fix.speed_kmh ?? 0) >= least);
      if (before !== null && before.speed === speed) runs.at(-1)?.coordinates.push(place);
      else runs.push({ speed, coordinates: before === null ? [place] : [before.place, place] });
      before = { place, speed };
    }
  }
  const lines = runs.filter((run) => run.coordinates.length > 1);
  return collection(
    lines.map(({ speed, coordinates }) => ({
      type: "Feature",
      geometry: { type: "LineString", coordinates },
      properties: { speed },
    })),
  );
}

/** Where a truck stood, with for how long. */
export function trackStopFeatures(track: Track, labelOf: (durationMs: number) => string): Features {
  const stands = track.segments.flatMap((segment) => standsAndWays(segment)).filter((run) => run.stands);
  return collection(
    stands.map((run) => {
      const durationMs = run.toMs - run.fromMs;
      return pointFeature(run.place, { label: labelOf(durationMs), minutes: durationMs / 60_000 });
    }),
  );
}

/** A mark for each place with an alarm that nobody has acknowledged. */
export function alarmFeatures(alarmed: readonly AlarmedPlace[]): Features {
  return collection(alarmed.map(({ place, kind, id }) => pointFeature(place, { subject: kind, id })));
}

/** Where an alarm's mark stands, and what it is about. */
export interface AlarmedPlace {
  place: Position;
  kind: string;
  id: string;
}

/** The way of a route without its stops, which the map has as points already. */
export function routeFeatures(route: GeoJSON.FeatureCollection, colour: number): Features {
  const ways = route.features.filter((feature) => (feature.geometry as GeoJSON.Geometry | null)?.type === "LineString");
  return collection(ways.map((way) => ({ ...way, properties: { colour } })));
}

function collection(features: GeoJSON.Feature[]): Features {
  return { type: "FeatureCollection", features };
}

function pointFeature(position: Position, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: position }, properties };
}

function middleOf(zone: Zone): Position {
  const rings = zone.geometry.type === "Polygon" ? [zone.geometry.coordinates] : zone.geometry.coordinates;
  const boxes = rings.map((polygon) => boxOf(polygon[0] ?? []));
  const areaOf = ([west, south, east, north]: Box) => (east - west) * (north - south);
  const [west, south, east, north] = boxes.reduce((best, box) => (areaOf(box) > areaOf(best) ? box : best));
  return [(west + east) / 2, (south + north) / 2];
}

export type Box = [west: number, south: number, east: number, north: number];

/** The smallest box around positions. */
export function boxOf(positions: readonly GeoJSON.Position[]): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon = 0, lat = 0] of positions) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

/** The share of places that lie outside the heart of a town at each of its four sides. */
const OUTLYING_SHARE = 0.1;
/** Room around the heart, as a share of its size. */
const CORE_MARGIN = 0.15;

/** The box around the places where most are, without outlying villages; null without places. */
export function coreBox(positions: readonly Position[]): Box | null {
  if (positions.length === 0) return null;
  const lons = positions.map(([lon]) => lon).sort((a, b) => a - b);
  const lats = positions.map(([, lat]) => lat).sort((a, b) => a - b);
  const [west, east] = middleRange(lons);
  const [south, north] = middleRange(lats);
  return [west, south, east, north];
}

function middleRange(sorted: readonly number[]): [low: number, high: number] {
  const cut = Math.floor(sorted.length * OUTLYING_SHARE);
  const low = sorted[cut] ?? 0;
  const high = sorted[sorted.length - 1 - cut] ?? 0;
  const margin = (high - low) * CORE_MARGIN;
  return [low - margin, high + margin];
}
