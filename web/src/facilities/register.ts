/** What the office keeps of facilities and points: their dated phases, and their upkeep. */
import { computed } from "@preact/signals";

import { request, requestAll } from "../api/client";
import { fetchFacilities, fetchPoints } from "../api/endpoints";
import type { CollectionPoint, Facility, Instant, ServiceDate } from "../api/types";
import { serviceDateAt } from "../format/service-day";
import { showTime } from "../format/show";
import { hashSignal } from "../frame/hash";
import { town } from "../state/clock";
import { loaded } from "../state/loading";
import { facilities, points } from "../state/register";
import { session } from "../state/session";
import type { PointState } from "../state/visits";

export const SUBJECTS = ["toilets", "stations", "others", "points"] as const;
export type Subjects = (typeof SUBJECTS)[number];

export const STATUSES = ["planned", "under_construction", "in_service", "under_renovation", "retired"] as const;
export type Status = (typeof STATUSES)[number];

/** What works may bring, by the API's names. */
export interface Renewed {
  stalls_male?: number;
  stalls_female?: number;
  stalls_accessible?: number;
  toilet_class?: string | null;
  design_t_per_day?: number | null;
  name?: string | null;
}

export interface Phase {
  facility_id: string;
  begins_on: ServiceDate | null;
  status: Status;
  replaced_by: string | null;
  note: string;
  noted_by: string;
  renewed: Renewed;
}

export const CONDITIONS = ["good", "worn", "broken"] as const;
export type Condition = (typeof CONDITIONS)[number];
export const DEEDS = ["inspection", "fault", "repair", "round"] as const;
export type Deed = (typeof DEEDS)[number];

type SubjectKind = "facility" | "point";

/** How a facility, a point's containers or one of them is. */
export interface Found {
  subject_kind: SubjectKind;
  subject_id: string;
  container: number | null;
  condition: Condition | null;
  found_at: Instant | null;
  inspected_at: Instant | null;
  open_faults: number;
}

export interface Upkeep {
  id: number;
  kind: Deed;
  happened_at: Instant;
  condition: Condition | null;
  fault_id: number | null;
  repaired_at: Instant | null;
  note: string;
  noted_by: string;
  container: number | null;
}

/** A condition looks like the state of a point that calls for as much. */
export const LOOKS = { good: "cleared", worn: "due", broken: "missed" } as const satisfies Record<
  Condition,
  PointState
>;

/** Something that is kept: a facility, or the containers of a point. */
export interface Subject {
  kind: SubjectKind;
  id: string;
  name: string;
  place: [number, number];
  /** A facility's; a point has none. */
  facility: Facility | null;
  /** How many a point has. */
  containers: number;
  /** The worst that was found of it: of a point, of any of its containers. */
  condition: Condition | null;
  inspectedAt: Instant | null;
  openFaults: number;
}

const subjectsText = hashSignal("of", "toilets");
export const subjects = computed<Subjects>(() => SUBJECTS.find((name) => name === subjectsText.value) ?? "toilets");
export const showSubjects = (name: Subjects) => (subjectsText.value = name);

/** What is looked at, by kind and code; empty for nothing. */
const chosenText = hashSignal("subject", "");
export const chooseSubject = (subject: Subject | null) =>
  (chosenText.value = subject === null ? "" : `${subject.kind}:${subject.id}`);
export const sought = hashSignal("q", "");
const faultyText = hashSignal("faulty", "0");
export const onlyFaulty = computed(() => faultyText.value === "1");
export const setOnlyFaulty = (wanted: boolean) => (faultyText.value = wanted ? "1" : "0");

export const phases = loaded<Phase[]>([]);
export const conditions = loaded<Found[]>([]);
export const upkeep = loaded<Upkeep[]>([]);

export const mayDate = () => ["admin", "dispatcher", "office"].includes(session.value?.role ?? "");

const foundOf = computed(() => {
  const found = new Map<string, Found[]>();
  for (const one of conditions.value.value) {
    const key = `${one.subject_kind}:${one.subject_id}`;
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return found;
});

const kindsOf: Record<Exclude<Subjects, "points">, readonly string[]> = {
  toilets: ["public_toilet"],
  stations: ["transfer_station"],
  others: ["depot", "landfill", "incinerator", "construction_landfill"],
};

/** All of the kind looked at, those with faults first. */
export const everySubject = computed<Subject[]>(() => {
  const of = subjects.value;
  const all =
    of === "points"
      ? points.value.value.map(ofPoint)
      : facilities.value.value.filter((one) => kindsOf[of].includes(one.kind)).map(ofFacility);
  return all.sort((a, b) => b.openFaults - a.openFaults || a.id.localeCompare(b.id, undefined, { numeric: true }));
});

export const shownSubjects = computed<Subject[]>(() => {
  const wanted = sought.value.trim().toLowerCase();
  return everySubject.value.filter(
    (one) =>
      (!onlyFaulty.value || one.openFaults > 0 || one.condition === "broken") &&
      (wanted === "" || one.id.toLowerCase().includes(wanted) || one.name.toLowerCase().includes(wanted)),
  );
});

export const chosen = computed<Subject | null>(() => {
  const [kind, ...code] = chosenText.value.split(":");
  const id = code.join(":");
  if (kind === "point") {
    const point = points.value.value.find((one) => one.id === id);
    return point === undefined ? null : ofPoint(point);
  }
  const facility = facilities.value.value.find((one) => one.id === id);
  return kind !== "facility" || facility === undefined ? null : ofFacility(facility);
});

export const chosenPhases = computed(() =>
  phases.value.value.filter((phase) => chosen.value?.kind === "facility" && phase.facility_id === chosen.value.id),
);

function ofFacility(facility: Facility): Subject {
  return {
    kind: "facility",
    id: facility.id,
    name: facility.name ?? facility.id,
    place: [facility.lon, facility.lat],
    facility,
    containers: 0,
    ...worstOf(foundOf.value.get(`facility:${facility.id}`) ?? []),
  };
}

function ofPoint(point: CollectionPoint): Subject {
  return {
    kind: "point",
    id: point.id,
    name: point.name ?? point.id,
    place: [point.lon, point.lat],
    facility: null,
    containers: point.containers,
    ...worstOf(foundOf.value.get(`point:${point.id}`) ?? []),
  };
}

/** The worst condition of several, the newest inspection, and all faults that last. */
export function worstOf(found: readonly Found[]): Pick<Subject, "condition" | "inspectedAt" | "openFaults"> {
  const order = [null, ...CONDITIONS];
  return {
    condition: found.reduce<Condition | null>(
      (worst, one) => (order.indexOf(one.condition) > order.indexOf(worst) ? one.condition : worst),
      null,
    ),
    inspectedAt: found.reduce<Instant | null>(
      (newest, one) =>
        one.inspected_at !== null && (newest === null || Date.parse(one.inspected_at) > Date.parse(newest))
          ? one.inspected_at
          : newest,
      null,
    ),
    openFaults: found.reduce((sum, one) => sum + one.open_faults, 0),
  };
}

/** An instant as the town's date and time, with the year: what is kept goes back years. */
export function momentText(instant: Instant): string {
  const known = town.value;
  if (known === null) return "";
  return `${serviceDateAt(Date.parse(instant), "00:00", known.timezone)} ${showTime(instant)}`;
}

/** Fetch what the view shows beside the register. */
export function loadKept(): void {
  void phases.load(() => requestAll<Phase>("/phases"));
  void conditions.load(() => requestAll<Found>("/upkeep/conditions"));
  if (subjects.value === "points" && points.waiting.peek()) void points.load(fetchPoints);
}

export function loadUpkeep(subject: Pick<Subject, "kind" | "id">): void {
  const query = new URLSearchParams({ subject_kind: subject.kind, subject_id: subject.id });
  void upkeep.load(() => requestAll<Upkeep>(`/upkeep?${query.toString()}`));
}

export interface PhaseWanted {
  beginsOn: ServiceDate;
  status: Status;
  replacedBy: string;
  note: string;
  renewed: Renewed;
}

/** Note from when on a facility has a status; the register follows at once where the day has come. */
export async function notePhase(facilityId: string, wanted: PhaseWanted): Promise<void> {
  await request(`/facilities/${encodeURIComponent(facilityId)}/phases/${wanted.beginsOn}`, {
    method: "PUT",
    body: {
      status: wanted.status,
      note: wanted.note,
      ...(wanted.replacedBy === "" ? {} : { replaced_by: wanted.replacedBy }),
      ...(Object.keys(wanted.renewed).length === 0 ? {} : { renewed: wanted.renewed }),
    },
  });
  await reloadLifeCycle();
}

export async function forgetPhase(facilityId: string, beginsOn: ServiceDate): Promise<void> {
  await request(`/facilities/${encodeURIComponent(facilityId)}/phases/${beginsOn}`, { method: "DELETE" });
  await reloadLifeCycle();
}

async function reloadLifeCycle(): Promise<void> {
  await Promise.all([phases.load(() => requestAll<Phase>("/phases")), facilities.load(fetchFacilities)]);
}

export interface UpkeepWanted {
  kind: Deed;
  /** Epoch ms; null for now by the town's clock. */
  atMs: number | null;
  condition: Condition | null;
  container: number | null;
  faultId: number | null;
  note: string;
}

/** Note an inspection, a fault, a repair or a round. */
export async function noteUpkeep(subject: Pick<Subject, "kind" | "id">, wanted: UpkeepWanted): Promise<void> {
  await request("/upkeep", {
    method: "POST",
    body: {
      subject_kind: subject.kind,
      subject_id: subject.id,
      kind: wanted.kind,
      note: wanted.note,
      ...(wanted.atMs === null ? {} : { happened_at: new Date(wanted.atMs).toISOString() }),
      ...(wanted.condition === null ? {} : { condition: wanted.condition }),
      ...(wanted.container === null ? {} : { container: wanted.container }),
      ...(wanted.faultId === null ? {} : { fault_id: wanted.faultId }),
    },
  });
  loadUpkeep(subject);
  await conditions.load(() => requestAll<Found>("/upkeep/conditions"));
}
