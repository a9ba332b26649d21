/** What a truck was to do and what it did, as bars along time. */
import type { DueVisit, Facility, Fix, PlannedRoute, PlannedStop, Position, Track } from "../api/types";
import { metresBetween } from "../frame/metres";

/** What a truck does at a time; `waiting` is standing for no reason that is known. */
export type Doing = "travel" | "service" | "unloading" | "break" | "waiting";

export interface Bar {
  doing: Doing;
  fromMs: number;
  toMs: number;
  late: boolean;
  /** The point or facility, where there is one. */
  id: string | null;
  occurrence: number | null;
}

/** So much after its planned time a visit is late. */
export const LATE_MS = 15 * 60_000;
/** Below this a truck stands. */
const STANDING_KMH = 3;
/** A stop at a light is part of the way. */
const SHORTEST_STAND_MS = 60_000;
/** Whoever stands this long nowhere in particular has a break. */
const SHORTEST_BREAK_MS = 15 * 60_000;
const AT_FACILITY_M = 150;
const SAME_PLACE_M = 60;
/** Planned gaps shorter than this are rounding. */
const SHORTEST_WAIT_MS = 60_000;

/** The visits of a day by point and occurrence, as `visitKey` makes the key. */
export type VisitsByKey = ReadonlyMap<string, DueVisit>;

export function visitKey(pointId: string, occurrence: number): string {
  return `${occurrence}:${pointId}`;
}

/** A route as planned; a stop that should be over at `nowMs` and is not cleared is late. */
export function plannedBars(route: PlannedRoute, visits: VisitsByKey, nowMs: number): Bar[] {
  const bars: Bar[] = [];
  let before: PlannedStop | null = null;
  for (const stop of route.stops) {
    const arriveMs = Date.parse(stop.arrive_at);
    if (before !== null) {
      const leftMs = Date.parse(before.depart_at);
      const thereMs = Math.min(arriveMs, leftMs + stop.leg_duration_s * 1000);
      if (thereMs > leftMs) bars.push(bar("travel", leftMs, thereMs));
      if (arriveMs - thereMs >= SHORTEST_WAIT_MS) bars.push(bar("waiting", thereMs, arriveMs));
    }
    before = stop;
    if (stop.kind === "depot") continue;
    const departMs = Date.parse(stop.depart_at);
    bars.push({
      doing: stop.kind === "point" ? "service" : stop.kind === "station" ? "unloading" : "break",
      fromMs: arriveMs,
      toMs: departMs,
      late: stop.kind === "point" && isOverdue(stop, visits, departMs, nowMs),
      id: stop.id,
      occurrence: stop.occurrence,
    });
  }
  return bars;
}

function isOverdue(stop: PlannedStop, visits: VisitsByKey, departMs: number, nowMs: number): boolean {
  const visit = visits.get(visitKey(stop.id ?? "", stop.occurrence ?? 1));
  return visit !== undefined && visit.status !== "cleared" && nowMs - departMs > LATE_MS;
}

/** A place where trucks unload, or leave from. */
export type Stopping = Pick<Facility, "id" | "kind" | "lon" | "lat">;

/** What a truck did: services from the visits that it made, the rest from its track where that is known. */
export function actualBars(visits: readonly DueVisit[], track: Track | null, places: readonly Stopping[]): Bar[] {
  const services = visits.flatMap(serviceBars);
  if (track === null) return services;
  const found = [...track.segments.flatMap((segment) => standsAndWays(segment)), ...silentStands(track)];
  const runs: Run[] = [];
  for (const run of found.sort((one, other) => one.fromMs - other.fromMs)) append(runs, run);
  const others = runs.flatMap((run) => barsOf(run, places));
  return [...others.flatMap((each) => without(each, services)), ...services].sort(
    (one, other) => one.fromMs - other.fromMs,
  );
}

function serviceBars(visit: DueVisit): Bar[] {
  if (visit.cleared_at === null) return [];
  const stay = visit.evidence.find((piece) => piece.kind === "stay") ?? visit.evidence[0];
  const toMs = Date.parse(stay?.end ?? visit.cleared_at);
  const fromMs = Date.parse(stay?.start ?? visit.cleared_at);
  const plannedMs = visit.planned_at === null ? Infinity : Date.parse(visit.planned_at);
  const late = fromMs > plannedMs + LATE_MS || fromMs > Date.parse(visit.due_to);
  return [{ doing: "service", fromMs, toMs, late, id: visit.point_id, occurrence: visit.occurrence }];
}

interface Run {
  stands: boolean;
  fromMs: number;
  toMs: number;
  place: Position;
}

/** A run of fixes without a gap as spells of standing and driving; short stands belong to the way. */
export function standsAndWays(segment: readonly Fix[]): Run[] {
  const fixes = segment.filter((fix) => !fix.outlier);
  const runs: Run[] = [];
  for (const [index, fix] of fixes.entries()) {
    const before = fixes[index - 1];
    if (before === undefined) continue;
    const run: Run = {
      stands: stands(before) && stands(fix),
      fromMs: Date.parse(before.observed_at),
      toMs: Date.parse(fix.observed_at),
      place: [fix.lon, fix.lat],
    };
    append(runs, run);
  }
  const long: Run[] = [];
  for (const run of runs) append(long, { ...run, stands: run.stands && run.toMs - run.fromMs >= SHORTEST_STAND_MS });
  return long;
}

/** Gaps at whose end a truck is where it was at their beginning: a terminal that is off with the engine is silent. */
function silentStands(track: Track): Run[] {
  const segments = track.segments
    .map((segment) => segment.filter((fix) => !fix.outlier))
    .filter((each) => each.length > 0);
  return segments.flatMap((segment, index) => {
    const last = segment.at(-1);
    const next = segments[index + 1]?.[0];
    if (last === undefined || next === undefined) return [];
    const place: Position = [next.lon, next.lat];
    const isSame = stands(last) && metresBetween([last.lon, last.lat], place) <= SAME_PLACE_M;
    return isSame
      ? [{ stands: true, fromMs: Date.parse(last.observed_at), toMs: Date.parse(next.observed_at), place }]
      : [];
  });
}

function append(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last?.stands === run.stands && last.toMs === run.fromMs) last.toMs = run.toMs;
  else runs.push({ ...run });
}

function stands(fix: Fix): boolean {
  return (fix.speed_kmh ?? 0) < STANDING_KMH;
}

function barsOf(run: Run, places: readonly Stopping[]): Bar[] {
  if (!run.stands) return [bar("travel", run.fromMs, run.toMs)];
  const at = nearest(run.place, places);
  // A truck in its depot is not at work.
  if (at?.kind === "depot") return [];
  if (at !== null) return [{ ...bar("unloading", run.fromMs, run.toMs), id: at.id }];
  return [bar(run.toMs - run.fromMs >= SHORTEST_BREAK_MS ? "break" : "waiting", run.fromMs, run.toMs)];
}

function nearest(place: Position, places: readonly Stopping[]): Stopping | null {
  let found: Stopping | null = null;
  let leastM = AT_FACILITY_M;
  for (const each of places) {
    const away = metresBetween(place, [each.lon, each.lat]);
    if (away > leastM) continue;
    leastM = away;
    found = each;
  }
  return found;
}

/** What is left of a bar where none of `services` lies over it. */
function without(of: Bar, services: readonly Bar[]): Bar[] {
  let left = [of];
  for (const { fromMs, toMs } of services) {
    left = left.flatMap((each) =>
      fromMs >= each.toMs || toMs <= each.fromMs
        ? [each]
        : [
            { ...each, toMs: Math.max(each.fromMs, fromMs) },
            { ...each, fromMs: Math.min(each.toMs, toMs) },
          ].filter((part) => part.toMs > part.fromMs),
    );
  }
  return left;
}

function bar(doing: Doing, fromMs: number, toMs: number): Bar {
  return { doing, fromMs, toMs, late: false, id: null, occurrence: null };
}

/** The bar at an instant, those with a place before the way between them. */
export function barAt(bars: readonly Bar[], atMs: number, slackMs = 0): Bar | null {
  const near = bars.filter((each) => atMs >= each.fromMs - slackMs && atMs <= each.toMs + slackMs);
  return near.find((each) => each.id !== null) ?? near[0] ?? null;
}
