/** The due visits of the day looked at, and the state of each collection point that follows from them. */
import { computed } from "@preact/signals";

import type { DueVisit, LiveEvents } from "../api/types";
import { nowMs, viewedDate } from "./clock";
import { loaded } from "./loading";
import { points } from "./register";

export type PointState = "due" | "pending" | "cleared" | "missed" | "not_due";
export const POINT_STATES: readonly PointState[] = ["due", "pending", "cleared", "missed", "not_due"];

export const dueVisits = loaded<DueVisit[]>([]);

export const visitsByPoint = computed(() => {
  const found = new Map<string, DueVisit[]>();
  for (const visit of dueVisits.value.value) {
    const visits = found.get(visit.point_id);
    if (visits === undefined) found.set(visit.point_id, [visit]);
    else visits.push(visit);
  }
  return found;
});

/** A window as long as this is the whole day: nothing about such a visit is urgent while the day runs. */
const WHOLE_DAY_MS = 23 * 3_600_000;

/**
 * The state of a point with these due visits at the town's instant `atMs`: the worst of them.
 *
 * Due is a visit whose own window is open; one that may come at any time of the day is pending.
 */
export function pointStateAt(visits: readonly DueVisit[], atMs: number): PointState {
  if (visits.length === 0) return "not_due";
  if (visits.some((visit) => visit.status === "missed")) return "missed";
  const open = visits.filter((visit) => visit.status === "pending");
  if (open.length === 0) return "cleared";
  return open.some((visit) => windowIsOpen(visit, atMs)) ? "due" : "pending";
}

function windowIsOpen(visit: DueVisit, atMs: number): boolean {
  return !isAllDay(visit) && Date.parse(visit.due_from) <= atMs;
}

/** Tell whether a visit may come at any time of the day. */
export function isAllDay(visit: Pick<DueVisit, "due_from" | "due_to">): boolean {
  return Date.parse(visit.due_to) - Date.parse(visit.due_from) >= WHOLE_DAY_MS;
}

/** The town's now in steps of a minute, so that states are not decided anew each second. */
const nowMinuteMs = computed(() => Math.floor(nowMs.value / 60_000) * 60_000);

export const pointStates = computed<ReadonlyMap<string, PointState>>(() => {
  const visits = visitsByPoint.value;
  const atMs = nowMinuteMs.value;
  return new Map(points.value.value.map((point) => [point.id, pointStateAt(visits.get(point.id) ?? [], atMs)]));
});

export const pointCounts = computed<Readonly<Record<PointState, number>>>(() => {
  const counts = { due: 0, pending: 0, cleared: 0, missed: 0, not_due: 0 };
  for (const state of pointStates.value.values()) counts[state]++;
  return counts;
});

export const missedVisits = computed(() => dueVisits.value.value.filter((visit) => visit.status === "missed"));

type VisitEvent = LiveEvents["visit"];
let arrived: VisitEvent[] = [];
let flush: ReturnType<typeof setTimeout> | undefined;
const FLUSH_MS = 250;

/** Return the due visits with what the events say of them taken in. */
export function withVisitEvents(visits: readonly DueVisit[], events: readonly VisitEvent[]): DueVisit[] {
  const newest = new Map(events.map((event) => [keyOf(event), event]));
  return visits.map((visit) => {
    const event = newest.get(keyOf(visit));
    return event === undefined ? visit : { ...visit, ...event };
  });
}

/** Take in a decision of the live stream. */
export function receiveVisit(event: VisitEvent): void {
  if (event.service_date !== viewedDate.value) return;
  arrived.push(event);
  flush ??= setTimeout(() => {
    flush = undefined;
    dueVisits.value.value = withVisitEvents(dueVisits.value.value, arrived);
    arrived = [];
  }, FLUSH_MS);
}

function keyOf(visit: Pick<DueVisit, "point_id" | "occurrence">): string {
  return `${visit.occurrence}:${visit.point_id}`;
}
