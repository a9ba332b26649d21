/** What the facilities page looks at: coverage with its gaps, and use by hour. */
import { computed, effect, signal } from "@preact/signals";

import { request } from "../api/client";
import { fetchClock, fetchFacilities, fetchHourlyUse, fetchStreets, fetchTown, fetchZones } from "../api/endpoints";
import type { Utilisation } from "../api/types";
import { serviceDayStartMs } from "../format/service-day";
import type { Ground } from "../frame/ground";
import { hashSignal } from "../frame/hash";
import { passedOf, setClock, today, town } from "../state/clock";
import { loaded } from "../state/loading";
import { facilities, streets, zones } from "../state/register";
import { MEASURES, type Kind, type Measure } from "./heat";

export const VIEWS = ["coverage", "scenario", "use", "register"] as const;
export type View = (typeof VIEWS)[number];
export const KINDS: readonly Kind[] = ["toilets", "stations"];

const viewText = hashSignal("view", "coverage");
export const view = computed<View>(() => VIEWS.find((name) => name === viewText.value) ?? "coverage");
export const showView = (name: View) => (viewText.value = name);

const kindText = hashSignal("kind", "toilets");
export const kind = computed<Kind>(() => KINDS.find((name) => name === kindText.value) ?? "toilets");
export const showKind = (name: Kind) => (kindText.value = name);

/** Metres, as the address has it; empty for the standard's. */
export const radiusText = hashSignal("radius", "");
const accessibleText = hashSignal("accessible", "0");
export const onlyAccessible = computed(() => accessibleText.value === "1");
export const setOnlyAccessible = (wanted: boolean) => (accessibleText.value = wanted ? "1" : "0");

/** The class of toilet that counts, 1 to 3; empty for all. */
export const classText = hashSignal("class", "");
export const CLASSES = ["1", "2", "3"] as const;
/** The day whose facilities in service count, and the hour (HH:MM) at which they are open; empty for today, for any. */
export const onText = hashSignal("on", "");
export const atText = hashSignal("at", "");
/** Stations that are taken to fail. */
const failedText = hashSignal("failed", "");
export const failed = computed<readonly string[]>(() => (failedText.value === "" ? [] : failedText.value.split("|")));
export function toggleFailed(facilityId: string): void {
  const others = failed.value.filter((id) => id !== facilityId);
  failedText.value = (others.length === failed.value.length ? [...others, facilityId] : others).join("|");
}

const dayText = hashSignal("date", "");
export const day = computed(() => (dayText.value === "" ? today.value : dayText.value));
export const showDay = (date: string) => (dayText.value = date === today.peek() ? "" : date);

const measureText = hashSignal("measure", "");
export const measure = computed<Measure>(() => {
  const of: readonly Measure[] = MEASURES[kind.value];
  return of.find((name) => name === measureText.value) ?? MEASURES[kind.value][0];
});
export const showMeasure = (name: Measure) => (measureText.value = name);
export const chosenFacility = hashSignal("facility", "");

export interface StandardCheck {
  limit_id: string;
  value: number | null;
  value_low: number | null;
  value_high: number | null;
  unit: string;
  standard: string;
  clause: string;
  meets: boolean | null;
}

export interface Gap {
  lon: number;
  lat: number;
  demand: number;
  distance_m: number | null;
  zone_id: string | null;
}

/** What a station gets where every point hauls to its nearest one. */
export interface Catchment {
  facility_id: string;
  points: number;
  expected_kg: number;
  mean_haul_m: number | null;
  design_t_per_day: number | null;
  design_share: number | null;
}

/** What it does when stations fail. */
export interface Failure {
  failed: string[];
  moved_points: number;
  moved_kg: number;
  extra_t_km_per_day: number;
  lost_points: string[];
  overloaded: string[];
}

/** A toilet closed for renovation, and what serves meanwhile. */
export interface Closure {
  facility_id: string;
  name: string | null;
  replaced_by: string | null;
  is_arranged: boolean;
  distance_m: number | null;
  demand_lost: number;
}

/** The coverage of the land of one use, or of land whose use is not stated. */
export interface LandUseCoverage {
  land_use: string | null;
  area_km2: number | null;
  covered_ratio: number | null;
  facilities: number;
  per_km2: number | null;
  standards: StandardCheck[];
}

/** Of toilets or of stations; what only one of them has is optional. */
export interface Coverage {
  radius_m: number;
  demand_kind?: "residents" | "street_length_m";
  demand?: number;
  covered?: number;
  expected_kg?: number;
  covered_kg?: number;
  covered_kg_ratio?: number | null;
  covered_ratio: number | null;
  mean_haul_m?: number | null;
  toilets?: number;
  stations?: number;
  per_km2: number | null;
  catchments?: Catchment[];
  failure?: Failure | null;
  standards: StandardCheck[];
  zones: { zone_id: string | null; covered_ratio: number | null; facilities?: number; points?: number }[];
  /** Of toilets; empty where the use of no land is stated. */
  land_uses?: LandUseCoverage[];
  classes?: { toilet_class: string | null; facilities: number; covered_ratio: number | null }[];
  gaps: Gap[];
}

/** The map, once it is there. */
export const ground = signal<Ground | null>(null);

export const start = loaded(false);
export const coverage = loaded<Coverage | null>(null);
export const closures = loaded<Closure[]>([]);
export const use = loaded<Utilisation[]>([]);

/** Fetch what the page looks at; returns what ends it. */
export function followFacilities(): () => void {
  void start.load(async () => {
    const [townAnswer, clock] = await Promise.all([fetchTown(), fetchClock()]);
    setClock(clock);
    town.value = townAnswer;
    return true;
  });
  void zones.load(fetchZones);
  void streets.load(fetchStreets);
  void facilities.load(fetchFacilities);
  const endings = [effect(followCoverage), effect(followUse)];
  return () => {
    for (const end of endings) end();
  };
}

function followCoverage(): void {
  const of = kind.value;
  const query = new URLSearchParams();
  if (radiusText.value !== "") query.set("radius_m", radiusText.value);
  if (onText.value !== "") query.set("on", onText.value);
  const ofDay = query.toString();
  if (of === "toilets" && onlyAccessible.value) query.set("accessible", "true");
  if (of === "toilets" && classText.value !== "") query.set("class", classText.value);
  if (of === "toilets" && atText.value !== "") {
    const known = town.value;
    // The hours of a day are the town's.
    if (known === null || today.value === "") return;
    const date = onText.value === "" ? today.value : onText.value;
    query.set("at", new Date(serviceDayStartMs(date, atText.value, known.timezone)).toISOString());
  }
  if (of === "stations") for (const id of failed.value) query.append("failed", id);
  void coverage.load(() => request(`/coverage/${of}?${query.toString()}`));
  if (of === "toilets") void closures.load(() => request(`/coverage/closures?${ofDay}`));
}

function followUse(): void {
  const [of, date] = [kind.value, day.value];
  // The hours of a day are the town's.
  if (date === "" || town.value === null || view.value !== "use") return;
  void use.load(() => {
    const passed = passedOf(date);
    return passed === null ? Promise.resolve([]) : fetchHourlyUse(of, passed.start, passed.end);
  });
}
