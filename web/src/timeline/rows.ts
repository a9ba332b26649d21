/** The timeline's rows: the trucks of the day, and their bars, made when a row comes into view. */
import { computed } from "@preact/signals";

import type { DueVisit, PlannedRoute, Track } from "../api/types";
import { timelineSearch } from "../state/address";
import { nowMs } from "../state/clock";
import { dayTracks } from "../state/day-tracks";
import { truckName, vehicles } from "../state/fleet";
import { publishedPlan, shownPlan } from "../state/plans";
import { facilities } from "../state/register";
import { baseRoutes } from "../state/revising";
import { dueVisits } from "../state/visits";
import { actualBars, plannedBars, visitKey, type Bar } from "./bars";

export interface TimelineRow {
  vehicleId: string;
  route: PlannedRoute | null;
  visits: readonly DueVisit[];
}

/** The plan whose bars are shown: the one that a revision would start from. */
export const timelinePlan = computed(() => baseRoutes.value ?? publishedPlan.value.value ?? shownPlan.value.value);

const visitsByVehicle = computed(() => {
  const found = new Map<string, DueVisit[]>();
  for (const visit of dueVisits.value.value) {
    if (visit.vehicle_id === null) continue;
    const own = found.get(visit.vehicle_id);
    if (own === undefined) found.set(visit.vehicle_id, [visit]);
    else own.push(visit);
  }
  return found;
});

const visitsByKey = computed(
  () => new Map(dueVisits.value.value.map((visit) => [visitKey(visit.point_id, visit.occurrence), visit])),
);

/** The trucks' codes, a line each: positions change many times a second, which trucks there are does not. */
const vehicleIds = computed(() => vehicles.value.value.map((truck) => truck.id).join("\n"));

/** A row per truck that has a route or made a visit, then the others, in the order of codes. */
export const timelineRows = computed<readonly TimelineRow[]>(() => {
  const routes = new Map(timelinePlan.value?.routes.map((route) => [route.vehicle_id, route]));
  const visits = visitsByVehicle.value;
  const ids = new Set([...routes.keys(), ...visits.keys(), ...vehicleIds.value.split("\n").filter(Boolean)]);
  const isAtWork = (id: string) => routes.has(id) || visits.has(id);
  const word = timelineSearch.value.trim().toLowerCase();
  const found = word === "" ? [...ids] : [...ids].filter((id) => `${id} ${truckName(id)}`.toLowerCase().includes(word));
  return found
    .sort((one, other) => Number(isAtWork(other)) - Number(isAtWork(one)) || (one < other ? -1 : 1))
    .map((vehicleId) => ({
      vehicleId,
      route: routes.get(vehicleId) ?? null,
      visits: visits.get(vehicleId) ?? [],
    }));
});

const places = computed(() =>
  facilities.value.value.filter((facility) => facility.kind !== "public_toilet" && facility.status === "in_service"),
);

interface Kept<Of extends readonly unknown[]> {
  of: Of;
  bars: readonly Bar[];
}

const plannedKept = new Map<string, Kept<readonly [PlannedRoute, unknown, number]>>();
const actualKept = new Map<string, Kept<readonly [readonly DueVisit[], Track | null, unknown]>>();

/** The planned bars of a row, made again only when something about them changed. */
export function plannedOf({ vehicleId, route }: TimelineRow): readonly Bar[] {
  if (route === null) return [];
  const minute = Math.floor(nowMs.peek() / 60_000);
  const visits = visitsByKey.peek();
  return keep(plannedKept, vehicleId, [route, visits, minute], () => plannedBars(route, visits, minute * 60_000));
}

/** The actual bars of a row, made again only when something about them changed. */
export function actualOf({ vehicleId, visits }: TimelineRow): readonly Bar[] {
  const track = dayTracks.peek().get(vehicleId) ?? null;
  const near = places.peek();
  return keep(actualKept, vehicleId, [visits, track, near], () => actualBars(visits, track, near));
}

function keep<Of extends readonly unknown[]>(
  kept: Map<string, Kept<Of>>,
  vehicleId: string,
  of: Of,
  make: () => readonly Bar[],
): readonly Bar[] {
  const before = kept.get(vehicleId);
  if (before !== undefined && before.of.every((each, index) => each === of[index])) return before.bars;
  const bars = make();
  kept.set(vehicleId, { of, bars });
  return bars;
}
