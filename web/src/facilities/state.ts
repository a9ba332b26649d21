/** What the facilities page looks at: coverage with its gaps, a scenario that is tried, and use by hour. */
import { computed, effect, signal } from "@preact/signals";

import { request } from "../api/client";
import { fetchClock, fetchFacilities, fetchHourlyUse, fetchStreets, fetchTown, fetchZones } from "../api/endpoints";
import { sentenceOf } from "../api/problem";
import type { Position, Utilisation } from "../api/types";
import { hashSignal } from "../frame/hash";
import { passedOf, setClock, today, town } from "../state/clock";
import { loaded } from "../state/loading";
import { facilities, streets, zones } from "../state/register";
import { MEASURES, type Kind, type Measure } from "./heat";

export const VIEWS = ["coverage", "scenario", "use"] as const;
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
  standards: StandardCheck[];
  zones: { zone_id: string | null; covered_ratio: number | null; facilities?: number; points?: number }[];
  gaps: Gap[];
}

export interface Change {
  kind: "build" | "renovate" | "close";
  facility_id: string;
  facility_kind?: "public_toilet" | "transfer_station";
  lon?: number;
  lat?: number;
  name?: string | null;
  price?: number | null;
  stalls_male?: number | null;
  stalls_female?: number | null;
  stalls_accessible?: number | null;
  design_t_per_day?: number | null;
  toilet_class?: string | null;
}

interface Covered {
  demand: number;
  covered: number;
  covered_ratio: number | null;
  facilities: number;
  mean_haul_m: number | null;
  by_zone: Record<string, number | null>;
}

export interface Effect {
  price: number;
  toilets: { before: Covered; after: Covered } | null;
  stations: { before: Covered; after: Covered } | null;
}

export interface Scenario {
  id: string;
  name: string;
  changes: Change[];
  created_by: string;
}

export const start = loaded(false);
export const coverage = loaded<Coverage | null>(null);
export const use = loaded<Utilisation[]>([]);
export const effectOfChanges = loaded<{ effect: Effect; gaps: Gap[] } | null>(null);
export const scenarios = loaded<Scenario[]>([]);
export const changes = signal<readonly Change[]>([]);
export const searchProblem = signal<string | null>(null);
export const isSearching = signal(false);

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
  void loadScenarios();
  const endings = [effect(followCoverage), effect(followUse), effect(followChanges)];
  return () => {
    for (const end of endings) end();
  };
}

export const loadScenarios = () =>
  scenarios.load(async () => (await request<{ items: Scenario[] }>("/scenarios")).items);

function followCoverage(): void {
  const of = kind.value;
  const query = new URLSearchParams();
  if (radiusText.value !== "") query.set("radius_m", radiusText.value);
  if (of === "toilets" && onlyAccessible.value) query.set("accessible", "true");
  void coverage.load(() => request(`/coverage/${of}?${query.toString()}`));
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

function followChanges(): void {
  const asked = changes.value;
  if (asked.length === 0) return effectOfChanges.clear();
  const radius = radiusText.value === "" ? {} : { radius_m: Number(radiusText.value) };
  const options = { method: "POST", body: { changes: asked, ...radius } } as const;
  void effectOfChanges.load(async () => {
    const [found, places] = await Promise.all([
      request<Effect>("/scenarios/what-if", options),
      request<GeoJSON.FeatureCollection<GeoJSON.Point>>("/scenarios/what-if", {
        ...options,
        accept: "application/geo+json",
      }),
    ]);
    return { effect: found, gaps: gapsAfter(places) };
  });
}

function gapsAfter(places: GeoJSON.FeatureCollection<GeoJSON.Point>): Gap[] {
  return places.features
    .filter(({ properties }) => properties?.["phase"] === "after" && properties["feature"] === "gap")
    .map(({ geometry, properties }) => ({
      lon: geometry.coordinates[0] ?? 0,
      lat: geometry.coordinates[1] ?? 0,
      demand: Number(properties?.["demand"]),
      distance_m: properties?.["distance_m"] as number | null,
      zone_id: properties?.["zone_id"] as string | null,
    }));
}

/** Try a new facility of the kind looked at. */
export function buildAt([lon, lat]: Position): void {
  const number = 1 + Math.max(0, ...changes.value.map((change) => Number(change.facility_id.replace("NEW-", "")) || 0));
  const usual =
    kind.value === "toilets"
      ? ({ facility_kind: "public_toilet", stalls_male: 3, stalls_female: 5, stalls_accessible: 1 } as const)
      : ({ facility_kind: "transfer_station", design_t_per_day: 50 } as const);
  changes.value = [...changes.value, { kind: "build", facility_id: `NEW-${number}`, lon, lat, ...usual }];
}

export const removeChange = (facilityId: string) =>
  (changes.value = changes.value.filter((change) => change.facility_id !== facilityId));

const SEARCH_S = 10;

/** Have the best sites looked for, and try those that are found beside what is tried already. */
export async function suggest(count: number): Promise<void> {
  const of = kind.value;
  isSearching.value = true;
  searchProblem.value = null;
  const asked = of === "toilets" ? { toilets: { new: count, renovated: 0 } } : { stations: { new: count } };
  try {
    const found = await request<Record<Kind, { works: { change: Change }[] } | null>>("/siting", {
      method: "POST",
      body: { ...asked, time_limit_s: SEARCH_S },
    });
    const fresh = (found[of]?.works ?? []).map((work) => work.change);
    const known = new Set(changes.value.map((change) => change.facility_id));
    changes.value = [...changes.value, ...fresh.filter((change) => !known.has(change.facility_id))];
  } catch (problem) {
    searchProblem.value = sentenceOf(problem);
  }
  isSearching.value = false;
}

/** Keep what is tried under a name. */
export async function saveScenario(name: string): Promise<void> {
  await request("/scenarios", { method: "POST", body: { name, changes: changes.value } });
  await loadScenarios();
}
