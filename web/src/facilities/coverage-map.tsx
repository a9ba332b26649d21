/** The map of coverage: the facilities, the gaps by their demand, and the sites that are tried. */
import { computed } from "@preact/signals";

import type { Position } from "../api/types";
import type { Overlay } from "../frame/ground";
import { GroundMap } from "../frame/ground-map";
import { t } from "../i18n/facilities";
import { coreBox, facilityFeatures, NOTHING, pointFeatures, zoneFeatures, zoneLabels, type Box } from "../map/features";
import { town } from "../state/clock";
import { facilities, pointsById, streets, zones } from "../state/register";
import { token } from "../state/theme";
import type { PointState } from "../state/visits";
import { chooseSubject, chosen, LOOKS, shownSubjects } from "./register";
import { coverage, ground, kind, view, type Gap } from "./state";
import { buildAt, changes, effectOfChanges, placeOf } from "./trial";

const shownFacilities = computed(() => {
  if (view.value === "register") return shownSubjects.value.flatMap((one) => one.facility ?? []);
  const wanted = kind.value === "toilets" ? "public_toilet" : "transfer_station";
  return facilities.value.value.filter((facility) => facility.kind === wanted);
});

/** The points whose containers are listed, each in the look of the condition that the list tells. */
const shownPoints = computed(() => {
  if (view.value !== "register") return NOTHING;
  const listed = shownSubjects.value.filter((one) => one.kind === "point");
  const states = new Map(
    listed.map((one): [string, PointState] => [one.id, one.condition === null ? "not_due" : LOOKS[one.condition]]),
  );
  return pointFeatures(
    listed.flatMap((one) => pointsById.value.get(one.id) ?? []),
    states,
  );
});

/** What is looked at in the register: where it is. */
const shownSites = computed(() => {
  const subject = chosen.value;
  if (view.value === "register") {
    return subject === null ? [] : [[subject.place, { id: subject.id, label: "", work: "build" }] as const];
  }
  if (view.value !== "scenario") return [];
  return changes.value.flatMap((change, index) => {
    const place = placeOf(change);
    const looks = { id: change.facility_id, label: String(index + 1), work: change.kind };
    return place === null ? [] : [[place, looks] as const];
  });
});

/** With sites that are tried, the gaps that would be left. */
const shownGaps = computed<readonly Gap[]>(() => {
  if (view.value === "register") return [];
  return view.value === "scenario" && effectOfChanges.value.value !== null
    ? effectOfChanges.value.value.gaps
    : (coverage.value.value?.gaps ?? []);
});

const data = computed<Record<string, GeoJSON.GeoJSON>>(() => {
  const most = Math.max(1, ...(coverage.value.value?.gaps ?? []).map((gap) => gap.demand));
  return {
    streets: streets.value.value,
    zones: zoneFeatures(zones.value.value, []),
    "zone-labels": zoneLabels(zones.value.value),
    facilities: facilityFeatures(shownFacilities.value),
    points: shownPoints.value,
    gaps: places(shownGaps.value.map((gap) => [[gap.lon, gap.lat], { share: Math.sqrt(gap.demand / most) }])),
    sites: places(shownSites.value),
  };
});

function places(of: readonly (readonly [Position, GeoJSON.GeoJsonProperties])[]): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: of.map(([coordinates, properties]) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates },
      properties,
    })),
  };
}

const OVERLAYS: readonly Overlay[] = [
  {
    source: "gaps",
    below: "toilets",
    layers: () => [
      {
        id: "gaps",
        type: "circle",
        source: "gaps",
        paint: {
          // Of the whole town they would lie on one another.
          "circle-radius": [
            "interpolate",
            ["linear"],
            ["zoom"],
            10,
            ["interpolate", ["linear"], ["get", "share"], 0, 0.6, 1, 4],
            14.5,
            ["interpolate", ["linear"], ["get", "share"], 0, 2.5, 1, 13],
          ],
          "circle-color": token("state-due"),
          "circle-opacity": 0.55,
          "circle-stroke-color": token("state-due"),
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 11, 0, 14, 1],
        },
      },
    ],
  },
  {
    source: "sites",
    layers: () => [
      {
        id: "sites",
        type: "circle",
        source: "sites",
        paint: {
          "circle-radius": 13,
          // The list says in words what a number stands for.
          "circle-color": [
            "match",
            ["get", "work"],
            "renovate",
            token("accent"),
            "close",
            token("state-missed"),
            token("map-selected"),
          ],
          "circle-stroke-color": token("map-halo"),
          "circle-stroke-width": 2.5,
        },
      },
      {
        id: "sites-label",
        type: "symbol",
        source: "sites",
        layout: {
          "text-field": ["get", "label"],
          "text-font": ["sans-serif"],
          "text-size": 13,
          "text-allow-overlap": true,
        },
        paint: { "text-color": token("map-halo") },
      },
    ],
  },
];

export function CoverageMap() {
  return (
    <GroundMap
      label={t("map")}
      data={data.value}
      overlays={OVERLAYS}
      pickable={["sites", "facilities", "points"]}
      onPick={(id, source, place) => {
        if (view.value === "scenario" && source !== "sites") buildAt(place);
        const pickedKind = source === "points" ? "point" : "facility";
        const picked = shownSubjects.value.find((one) => one.kind === pickedKind && one.id === id);
        if (view.value === "register" && picked !== undefined) chooseSubject(picked);
      }}
      box={shownBox()}
      onGround={(made) => (ground.value = made)}
    >
      {view.value !== "register" && <p class="map-legend">{t("mapLegend")}</p>}
      {view.value === "scenario" && <span class="cross" aria-hidden="true" />}
    </GroundMap>
  );
}

/** The heart of the town by its toilets, else all of it. */
function shownBox(): Box | null {
  if (facilities.waiting.value) return null;
  const toilets = facilities.value.value.filter((facility) => facility.kind === "public_toilet");
  return coreBox(toilets.map((one): Position => [one.lon, one.lat])) ?? town.value?.bbox ?? null;
}
