/** What the office looks at: a day and its month, by zone or contractor, down to one due visit and its proof. */
import { computed, effect, untracked } from "@preact/signals";

import { request, requestAll } from "../api/client";
import { fetchClock, fetchContractors, fetchPoints, fetchStreets, fetchTown, fetchZones } from "../api/endpoints";
import type { DueVisit, Instant, ServiceDate, VisitStatus } from "../api/types";
import { hashSignal } from "../frame/hash";
import { setClock, today, town } from "../state/clock";
import { loaded } from "../state/loading";
import { contractors, points, streets, zones } from "../state/register";
import { monthStart, type DayFigures } from "./sums";

const REFRESH_MS = 30_000;

export const GROUPS = ["zone", "contractor"] as const;
export type Group = (typeof GROUPS)[number];
export const UNASSIGNED = "unassigned";

export interface Proof {
  due: DueVisit & {
    visit_id: number | null;
    correction: { corrected_by: string; note: string } | null;
  };
  lon: number | null;
  lat: number | null;
  point_name: string | null;
  changes: {
    changed_at: Instant;
    status: VisitStatus;
    vehicle_id: string | null;
    reason: string | null;
    changed_by: string | null;
    note: string | null;
  }[];
  visits: {
    visit_id: number;
    vehicle_id: string;
    started_at: Instant;
    ended_at: Instant;
    confidence: number;
    collected_kg: number | null;
    clears_occurrence: number | null;
    evidence: DueVisit["evidence"];
  }[];
  fixes: {
    device_id: string;
    observed_at: Instant;
    received_at: Instant;
    lon: number;
    lat: number;
    speed_kmh: number | null;
    load_kg: number | null;
  }[];
  service_events: {
    vehicle_id: string;
    device_id: string;
    observed_at: Instant;
    received_at: Instant;
    outcome: string;
    reason: string | null;
    source: string | null;
    collected_kg: number | null;
  }[];
  levels: { device_id: string; observed_at: Instant; fill_ratio: number }[];
  driver_reports: {
    report_id: string;
    vehicle_id: string;
    observed_at: Instant;
    outcome: string;
    reason: string | null;
    note: string | null;
    reported_by: string;
    has_photo: boolean;
  }[];
  readings_kept: boolean;
}

const dayText = hashSignal("date", "");
export const day = computed<ServiceDate>(() => (dayText.value === "" ? today.value : dayText.value));
export const showDay = (date: ServiceDate) => (dayText.value = date === today.peek() ? "" : date);

const groupText = hashSignal("by", "zone");
export const group = computed<Group>(() => GROUPS.find((name) => name === groupText.value) ?? "zone");
export function groupBy(name: Group): void {
  groupText.value = name;
  chosenKey.value = "";
}

/** The zone or contractor that was opened; empty for none, `*` for the town. */
export const chosenKey = hashSignal("key", "");
const statusText = hashSignal("status", "missed");
export const VIEWS = ["missed", "pending", "cleared", "all"] as const;
export const view = computed(() => VIEWS.find((name) => name === statusText.value) ?? "missed");
export const showOnly = (name: (typeof VIEWS)[number]) => (statusText.value = name);

/** The due visit that was opened: point and occurrence with a blank between; empty for none. */
export const chosenVisit = hashSignal("visit", "");

export const month = loaded<DayFigures[]>([]);
export const visits = loaded<DueVisit[]>([]);
export const missedOnMap = loaded<DueVisit[]>([]);
export const proof = loaded<Proof | null>(null);
export const start = loaded<boolean>(false);

/** Fetch what the page looks at, again as it goes on; returns what ends it. */
export function followOffice(): () => void {
  void start.load(async () => {
    const [townAnswer, clock] = await Promise.all([fetchTown(), fetchClock()]);
    setClock(clock);
    town.value = townAnswer;
    return true;
  });
  void zones.load(fetchZones);
  void contractors.load(fetchContractors);
  void points.load(fetchPoints);
  void streets.load(fetchStreets);
  const endings = [effect(followMonth), effect(followMissed), effect(followVisits), effect(followProof)];
  const timer = setInterval(() => {
    if (day.peek() !== today.peek()) return;
    void fetchClock().then(setClock);
    fetchFigures();
  }, REFRESH_MS);
  return () => {
    clearInterval(timer);
    for (const end of endings) end();
  };
}

function fetchFigures(): void {
  untracked(followMonth);
  untracked(followMissed);
  untracked(followVisits);
}

function followMonth(): void {
  const [date, by] = [day.value, group.value];
  if (date === "") return;
  void month.load(() => request(`/clearance?start=${monthStart(date)}&end=${date}&group_by=${by}`));
}

function followMissed(): void {
  const date = day.value;
  if (date === "") return;
  void missedOnMap.load(() => requestAll(`/clearance/visits?date=${date}&status=missed`));
}

function followVisits(): void {
  const [date, by, key, status] = [day.value, group.value, chosenKey.value, view.value];
  if (date === "" || key === "") return;
  const only = status === "all" ? "" : `&status=${status}`;
  const of = key === "*" || key === UNASSIGNED ? "" : `&${by}_id=${encodeURIComponent(key)}`;
  void visits.load(async () => {
    const found = await requestAll<DueVisit & { zone_id: string | null; contractor_id: string | null }>(
      `/clearance/visits?date=${date}${only}${of}`,
    );
    return key === UNASSIGNED ? found.filter((visit) => visit[`${by}_id`] === null) : found;
  });
}

function followProof(): void {
  const [date, visit] = [day.value, chosenVisit.value];
  if (date === "" || visit === "") return;
  const [pointId, occurrence] = splitVisit(visit);
  proof.clear();
  void proof.load(() => request(`/clearance/visits/${date}/${encodeURIComponent(pointId)}/${occurrence}`));
}

export interface Correction {
  status: "cleared" | "missed";
  note: string;
  cleared_at?: Instant;
  vehicle_id?: string;
}

/** Set the due visit that is open by hand, or with null take what was set so back; `note` says why. */
export async function correct(asked: Correction | null, note: string): Promise<void> {
  const [pointId, occurrence] = splitVisit(chosenVisit.value);
  const path = `/clearance/visits/${day.value}/${encodeURIComponent(pointId)}/${occurrence}/correction`;
  if (asked === null) await request(`${path}?note=${encodeURIComponent(note)}`, { method: "DELETE" });
  else await request(path, { method: "PUT", body: asked });
  untracked(followProof);
  fetchFigures();
}

/** The key of a due visit in the address. */
export const visitKey = (visit: { point_id: string; occurrence: number }) => `${visit.point_id} ${visit.occurrence}`;

/** Point and occurrence of a key; a point's code may have blanks itself. */
export function splitVisit(key: string): [pointId: string, occurrence: string] {
  const at = key.lastIndexOf(" ");
  return [key.slice(0, at), key.slice(at + 1)];
}
