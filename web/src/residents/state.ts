/** What the residents' page knows: the town, where somebody is, the walks from there, and the reports made here. */
import { computed, effect, signal } from "@preact/signals";

import { request } from "../api/client";
import type { Clock, Instant, Position, Town } from "../api/types";
import { hashSignal } from "../frame/hash";
import { setClock, town } from "../state/clock";
import { loaded } from "../state/loading";

export const TABS = ["toilets", "report", "follow"] as const;
export type ResidentTab = (typeof TABS)[number];

export interface Walk {
  id: string;
  name: string | null;
  lon: number;
  lat: number;
  class: string | null;
  open_time: string | null;
  close_time: string | null;
  stalls_male: number;
  stalls_female: number;
  stalls_accessible: number;
  /** As the crow flies. */
  distance_m: number;
  /** On foot; null where it is not known. */
  walk_m: number | null;
  walk_s: number | null;
  way: Position[];
}

export interface FollowedReport {
  case_number: string;
  status: string;
  reported_at: Instant;
}

const tabName = hashSignal("tab", "toilets");
export const tab = computed<ResidentTab>(() => TABS.find((name) => name === tabName.value) ?? "toilets");
export const showTab = (name: ResidentTab) => (tabName.value = name);

/** The toilet that was chosen of those near; empty for the one of the shortest walk. */
export const chosenToilet = hashSignal("toilet", "");
/** Where somebody is, as lon,lat in the address; empty while it is not known. */
const placeText = hashSignal("at", "");
export const here = computed<Position | null>(() => {
  const [lon = NaN, lat = NaN] = placeText.value.split(",").map(Number);
  return Number.isFinite(lon) && Number.isFinite(lat) ? [lon, lat] : null;
});
export function setHere([lon, lat]: Position): void {
  placeText.value = `${lon.toFixed(5)},${lat.toFixed(5)}`;
  chosenToilet.value = "";
}

const accessibleText = hashSignal("accessible", "0");
export const onlyAccessible = computed(() => accessibleText.value === "1");
export function setOnlyAccessible(wanted: boolean): void {
  accessibleText.value = wanted ? "1" : "0";
  chosenToilet.value = "";
}

/** The number that is followed. */
export const followedNumber = hashSignal("case", "");

export const streets = loaded<GeoJSON.FeatureCollection>({ type: "FeatureCollection", features: [] });
export const walks = loaded<Walk[]>([]);
/** The toilet to which the way is shown: the one of the shortest walk unless another is chosen. */
export const chosenWalk = computed<string | null>(
  () => (walks.value.value.find((walk) => walk.id === chosenToilet.value) ?? walks.value.value[0])?.id ?? null,
);
export const chooseWalk = (id: string) => (chosenToilet.value = id);
export const townProblem = loaded<null>(null);

/** Fetch the town, and the walks each time it is asked from elsewhere; returns what ends it. */
export function followResidents(): () => void {
  void townProblem.load(async () => {
    const answer = await request<Town & { clock: Clock }>("/public/town");
    setClock(answer.clock);
    town.value = answer;
    return null;
  });
  void streets.load(() => request("/public/streets", { accept: "application/geo+json" }));
  return effect(() => {
    const from = here.value;
    const query = `near=${from?.join() ?? ""}&accessible=${onlyAccessible.value}`;
    if (from === null) return;
    void walks.load(async () => (await request<{ items: Walk[] }>(`/public/walks?${query}`)).items);
  });
}

const OWN_KEY = "riqing.reports";
const MOST_OWN = 20;

/** The numbers of reports made with this browser, the newest first. */
export const ownReports = signal<readonly string[]>(JSON.parse(localStorage.getItem(OWN_KEY) ?? "[]") as string[]);

export function rememberReport(number: string): void {
  ownReports.value = [number, ...ownReports.value].slice(0, MOST_OWN);
  localStorage.setItem(OWN_KEY, JSON.stringify(ownReports.value));
}
