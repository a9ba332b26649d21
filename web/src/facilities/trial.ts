/** What is tried without touching the register: works by hand, by search or as kept, and what they would do. */
import { batch, computed, effect, signal } from "@preact/signals";

import { request, requestAll } from "../api/client";
import { sentenceOf } from "../api/problem";
import type { Facility, Instant, Position, ServiceDate } from "../api/types";
import { hashSignal } from "../frame/hash";
import { loaded } from "../state/loading";
import { facilities, facilitiesById } from "../state/register";
import type { Kind } from "./heat";
import { kind, radiusText, type Gap } from "./state";

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
  adopted_at: Instant | null;
}

export interface Comparison {
  items: { id: string; name: string; effect: Effect; only_here: Change[] }[];
  in_both: Change[];
}

interface ToiletGain {
  served: number;
  accessible: number;
}

/** Works that a search found, in the order of what they gain. */
export interface Sited {
  change: Change;
  price_so_far: number;
  alone?: ToiletGain;
  in_order?: ToiletGain;
  saves_alone_yuan?: number;
  saves_in_order_yuan?: number;
}

export interface Found {
  works: Sited[];
  price: number;
  proof: { found: string; value: number; bound: number; gap_ratio: number; greedy_value: number; seconds: number };
}

const triedText = hashSignal("tried", "");
/** The kept scenario that is looked at, and the one beside it; empty for none. */
export const openedId = hashSignal("scenario", "");
export const comparedId = hashSignal("with", "");

export const scenarios = loaded<Scenario[]>([]);
export const effectOfChanges = loaded<{ effect: Effect; gaps: Gap[] } | null>(null);
export const comparison = loaded<Comparison | null>(null);
export const found = signal<{ of: Kind; siting: Found } | null>(null);
export const searchProblem = signal<string | null>(null);
export const isSearching = signal(false);

/** What is tried: a kept scenario, or what the address says. */
export const changes = computed<readonly Change[]>(() =>
  openedId.value === "" ? readChanges(triedText.value) : (scenarioOf(openedId.value)?.changes ?? []),
);

export const scenarioOf = (id: string) => scenarios.value.value.find((scenario) => scenario.id === id);

/** Try these works, which are no kept scenario. */
export function tryChanges(works: readonly Change[]): void {
  batch(() => {
    openedId.value = "";
    comparedId.value = "";
    triedText.value = works.length === 0 ? "" : JSON.stringify(works, (_, value: unknown) => value ?? undefined);
  });
}

/** Try a kept scenario. */
export function openScenario(id: string): void {
  batch(() => {
    openedId.value = id;
    comparedId.value = "";
    triedText.value = "";
  });
}

/** Read works from an address; what is no list of works is none. */
export function readChanges(text: string): Change[] {
  if (text === "") return [];
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read.filter(isChange) : [];
  } catch {
    // Somebody cut the address; the page opens without what is tried.
    return [];
  }
}

function isChange(value: unknown): value is Change {
  const change = value as Partial<Change> | null;
  return (
    typeof change?.facility_id === "string" &&
    (change.kind === "renovate" || change.kind === "close" || (change.kind === "build" && hasPlace(change)))
  );
}

const hasPlace = (change: Partial<Change>) => typeof change.lon === "number" && typeof change.lat === "number";

/** Where works are: their own place, else that of their facility; null while the register is not there. */
export function placeOf(change: Change): Position | null {
  if (change.lon !== undefined && change.lat !== undefined) return [change.lon, change.lat];
  const known = facilitiesById.value.get(change.facility_id);
  return known === undefined ? null : [known.lon, known.lat];
}

/** Try a new facility of the kind looked at, under a code that neither the register nor a scenario has. */
export function buildAt([lon, lat]: Position): void {
  const known = [
    ...facilities.value.value.map((facility) => facility.id),
    ...[...changes.value, ...scenarios.value.value.flatMap((one) => one.changes)].map((change) => change.facility_id),
  ];
  const number = 1 + Math.max(0, ...known.map((id) => Number(/^NEW-(\d+)$/.exec(id)?.[1] ?? 0)));
  const usual =
    kind.value === "toilets"
      ? ({ facility_kind: "public_toilet", stalls_male: 3, stalls_female: 5, stalls_accessible: 1 } as const)
      : ({ facility_kind: "transfer_station", design_t_per_day: 50 } as const);
  const place = { lon: Number(lon.toFixed(6)), lat: Number(lat.toFixed(6)) };
  tryChanges([...changes.value, { kind: "build", facility_id: `NEW-${number}`, ...place, ...usual }]);
}

/** Try to renovate or close a facility of the register; what was tried of it before is forgotten. */
export function alter(facility: Facility, what: "renovate" | "close"): void {
  const others = changes.value.filter((change) => change.facility_id !== facility.id);
  const stalls = what === "renovate" && facility.kind === "public_toilet" ? renewedStalls(facility) : {};
  tryChanges([...others, { kind: what, facility_id: facility.id, ...stalls }]);
}

/** As the search renovates: an accessible stall, and three stalls for women to two for men. */
function renewedStalls(facility: Facility) {
  return {
    stalls_female: Math.max(facility.stalls_female, Math.ceil(facility.stalls_male * 1.5)),
    stalls_accessible: Math.max(1, facility.stalls_accessible),
  };
}

export const removeChange = (facilityId: string) =>
  tryChanges(changes.value.filter((change) => change.facility_id !== facilityId));

export const loadScenarios = () => scenarios.load(() => requestAll<Scenario>("/scenarios"));

/** Fetch what is kept, and what is tried would do, from now on; returns what ends it. */
export function followTrial(): () => void {
  void loadScenarios();
  const endings = [effect(followChanges), effect(followComparison)];
  return () => {
    for (const end of endings) end();
  };
}

function followChanges(): void {
  const asked = changes.value;
  if (asked.length === 0) return effectOfChanges.clear();
  const radius = radiusText.value === "" ? {} : { radius_m: Number(radiusText.value) };
  const options = { method: "POST", body: { changes: asked, ...radius } } as const;
  void effectOfChanges.load(async () => {
    const [told, places] = await Promise.all([
      request<Effect>("/scenarios/what-if", options),
      request<GeoJSON.FeatureCollection<GeoJSON.Point>>("/scenarios/what-if", {
        ...options,
        accept: "application/geo+json",
      }),
    ]);
    return { effect: told, gaps: gapsAfter(places) };
  });
}

/** Put the kept scenario that is open beside another. */
function followComparison(): void {
  const [one, other] = [openedId.value, comparedId.value];
  comparison.clear();
  if (one === "" || other === "") return;
  const radius = radiusText.value === "" ? "" : `&radius_m=${encodeURIComponent(radiusText.value)}`;
  void comparison.load(() =>
    request(`/scenarios/${encodeURIComponent(one)}/compare?with=${encodeURIComponent(other)}${radius}`),
  );
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

/** How long a search may take; it ends as soon as nothing better can be. */
const SEARCH_S = 40;

export interface Wanted {
  built: number;
  renovated: number;
  /** In yuan. */
  budget: number | null;
}

/** Have the best works of the kind looked at searched for, and try them beside what is tried by hand. */
export async function suggest({ built, renovated, budget }: Wanted): Promise<void> {
  const of = kind.value;
  isSearching.value = true;
  searchProblem.value = null;
  const limits = { new: built, ...(budget === null ? {} : { budget }) };
  const asked = of === "toilets" ? { toilets: { ...limits, renovated } } : { stations: limits };
  try {
    const answer = await request<Record<Kind, Found | null>>("/siting", {
      method: "POST",
      body: { ...asked, time_limit_s: SEARCH_S },
    });
    const siting = answer[of];
    if (siting !== null) {
      const fresh = siting.works.map((work) => work.change);
      // What the search before found gives way; what was tried by hand stays.
      const before = found.value?.of === of ? found.value.siting.works.map((work) => work.change) : [];
      const gone = new Set([...before, ...fresh].map((change) => change.facility_id));
      tryChanges([...changes.value.filter((change) => !gone.has(change.facility_id)), ...fresh]);
      found.value = { of, siting };
    }
  } catch (problem) {
    searchProblem.value = sentenceOf(problem);
  }
  isSearching.value = false;
}

/** Keep what is tried under a name, and look at it as kept. */
export async function saveScenario(name: string): Promise<void> {
  const kept = await request<Scenario>("/scenarios", { method: "POST", body: { name, changes: changes.value } });
  await loadScenarios();
  openScenario(kept.id);
}

/** Forget a kept scenario; what was adopted of it stays in the register. */
export async function deleteScenario(id: string): Promise<void> {
  await request(`/scenarios/${encodeURIComponent(id)}`, { method: "DELETE" });
  batch(() => {
    if (openedId.value === id) openedId.value = "";
    if (openedId.value === "" || comparedId.value === id) comparedId.value = "";
  });
  await loadScenarios();
}

/** Take a kept scenario into the register; returns the facilities that are planned, or whose works are dated. */
export async function adoptScenario(id: string, beginsOn: ServiceDate, doneOn: ServiceDate): Promise<string[]> {
  const body = {
    ...(beginsOn === "" ? {} : { begins_on: beginsOn }),
    ...(doneOn === "" ? {} : { done_on: doneOn }),
  };
  const answer = await request<{ planned: string[] }>(`/scenarios/${encodeURIComponent(id)}/adopt`, {
    method: "POST",
    body,
  });
  return answer.planned;
}
