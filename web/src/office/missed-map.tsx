/** The map beside the figures: what was missed on the day, or the proof of one due visit. */
import { computed } from "@preact/signals";

import type { Overlay } from "../frame/ground";
import { GroundMap } from "../frame/ground-map";
import { metresBetween } from "../frame/metres";
import { t } from "../i18n/office";
import { boxOf, coreBox, pointFeatures, zoneFeatures, zoneLabels, type Box } from "../map/features";
import { town } from "../state/clock";
import { contractors, points, pointsById, streets, zones } from "../state/register";
import { token } from "../state/theme";
import type { Position } from "../api/types";
import type { PointState } from "../state/visits";
import { chosenKey, chosenVisit, missedOnMap, proof, splitVisit, visitKey, type Proof } from "./state";

/** As the API cuts tracks (docs/api.md). */
const LONGEST_GAP_MS = 180_000;
const LONGEST_GAP_M = 1_000;

const proven = computed(() => (chosenVisit.value === "" ? null : proof.value.value));

const data = computed<Record<string, GeoJSON.GeoJSON>>(() => ({
  streets: streets.value.value,
  zones: zoneFeatures(zones.value.value, contractors.value.value),
  "zone-labels": zoneLabels(zones.value.value),
  points: missedPoints(),
  selected: selectedPoint(),
  fixes: {
    type: "FeatureCollection",
    features: (proven.value?.fixes ?? []).map((fix) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [fix.lon, fix.lat] },
      properties: {},
    })),
  },
  way: {
    type: "Feature",
    geometry: { type: "MultiLineString", coordinates: runsOf(proven.value?.fixes ?? []) },
    properties: {},
  },
}));

/** Runs of fixes without a gap: nothing is drawn where nothing was heard. */
function runsOf(fixes: Proof["fixes"]): Position[][] {
  const runs: Position[][] = [];
  let before: Proof["fixes"][number] | null = null;
  for (const fix of fixes) {
    const place: Position = [fix.lon, fix.lat];
    const isNear =
      before !== null &&
      Date.parse(fix.observed_at) - Date.parse(before.observed_at) <= LONGEST_GAP_MS &&
      metresBetween([before.lon, before.lat], place) <= LONGEST_GAP_M;
    if (isNear) runs.at(-1)?.push(place);
    else runs.push([place]);
    before = fix;
  }
  return runs.filter((run) => run.length > 1);
}

function missedPoints(): GeoJSON.FeatureCollection {
  const states = new Map<string, PointState>(missedOnMap.value.value.map((visit) => [visit.point_id, "missed"]));
  return pointFeatures(
    points.value.value.filter((point) => states.has(point.id)),
    states,
  );
}

function selectedPoint(): GeoJSON.GeoJSON {
  const point = pointsById.value.get(splitVisit(chosenVisit.value)[0]);
  if (point === undefined) return { type: "FeatureCollection", features: [] };
  return { type: "Point", coordinates: [point.lon, point.lat] };
}

const OVERLAYS: readonly Overlay[] = [
  {
    source: "way",
    below: "points",
    layers: () => [
      {
        id: "way",
        type: "line",
        source: "way",
        paint: { "line-color": token("map-track"), "line-width": 2, "line-opacity": 0.5 },
      },
    ],
  },
  {
    source: "fixes",
    layers: () => [
      {
        id: "fixes",
        type: "circle",
        source: "fixes",
        paint: {
          "circle-radius": 4,
          "circle-color": token("map-track"),
          "circle-stroke-color": token("map-halo"),
          "circle-stroke-width": 1,
        },
      },
    ],
  },
];

export function MissedMap() {
  const open = (pointId: string | null) => {
    const visit = missedOnMap.value.value.find((one) => one.point_id === pointId);
    if (visit === undefined) return;
    if (chosenKey.value === "") chosenKey.value = "*";
    chosenVisit.value = visitKey(visit);
  };
  return (
    <GroundMap
      label={t("map")}
      data={data.value}
      overlays={OVERLAYS}
      pickable={["points"]}
      onPick={open}
      box={shownBox()}
      subject={chosenVisit.value}
    >
      <p class="map-legend">{t("mapLegend")}</p>
    </GroundMap>
  );
}

/** The visit's point with the way of its vehicle, else the heart of the town. */
function shownBox(): Box | null {
  const of = proven.value;
  if (of !== null && of.lon !== null && of.lat !== null) {
    const nearby = of.fixes.map((fix): Position => [fix.lon, fix.lat]);
    return boxOf([[of.lon, of.lat], ...nearby]);
  }
  if (points.waiting.value) return null;
  return coreBox(points.value.value.map((point): Position => [point.lon, point.lat])) ?? town.value?.bbox ?? null;
}
