/** What became of each stop, as the phone knows it: what clearance decided, and what was pressed since. */
import type { DriverRoute, DriverStop, Outcome, Report } from "./shapes";

export type StopState = "open" | "cleared" | "served" | "not_served" | "missed" | "passed";

/** The newest press at a visit. */
export interface Press {
  outcome: Outcome;
  reason: string | null;
  at: string;
}

export interface ShownStop extends DriverStop {
  state: StopState;
  press: Press | null;
}

/** The key of a stop on its day; a revised plan may give it another place in the order. */
export function stopKey(stop: {
  id: string | null;
  occurrence: number | null;
  kind: string;
  sequence: number;
}): string {
  return stop.kind === "point" ? `${stop.id ?? ""} ${stop.occurrence ?? 1}` : `${stop.kind} ${stop.sequence}`;
}

/** Add a press to those of the day, unless a newer one of that visit is there. */
export function withPress(presses: Readonly<Record<string, Press>>, report: Report): Record<string, Press> {
  const key = `${report.point_id} ${report.occurrence ?? 1}`;
  const known = presses[key];
  if (known !== undefined && known.at >= report.observed_at) return { ...presses };
  return { ...presses, [key]: { outcome: report.outcome, reason: report.reason, at: report.observed_at } };
}

/**
 * The route's stops with what became of each.
 *
 * `passed` are the keys of stops that are no points and that the driver has left behind by hand.
 */
export function shownStops(
  route: DriverRoute,
  presses: Readonly<Record<string, Press>>,
  passed: ReadonlySet<string>,
): ShownStop[] {
  const shown = route.stops.map((stop) => {
    const press = newest(presses[stopKey(stop)] ?? null, told(stop));
    return { ...stop, press, state: stop.kind === "point" ? stateOf(stop, press) : "open" };
  });
  const lastDone = shown.findLastIndex((stop) => stop.state !== "open" && stop.state !== "missed");
  return shown.map((stop, index) =>
    stop.kind !== "point" && (index === 0 || index < lastDone || passed.has(stopKey(stop)))
      ? { ...stop, state: "passed" }
      : stop,
  );
}

/** The stop to go to: the first that is not done, and that can still be done. */
export function nextStop(stops: readonly ShownStop[]): ShownStop | null {
  return stops.find((stop) => stop.state === "open") ?? null;
}

/** How many of the route's points are done, reported as not served among them. */
export function progressOf(stops: readonly ShownStop[]): { done: number; total: number } {
  const points = stops.filter((stop) => stop.kind === "point");
  return {
    done: points.filter((stop) => stop.state !== "open" && stop.state !== "missed").length,
    total: points.length,
  };
}

function stateOf(stop: DriverStop, press: Press | null): StopState {
  if (stop.status === "cleared") return "cleared";
  if (press !== null) return press.outcome === "served" ? "served" : "not_served";
  return stop.status === "missed" ? "missed" : "open";
}

function told(stop: DriverStop): Press | null {
  if (stop.report_outcome === null || stop.reported_at === null) return null;
  return { outcome: stop.report_outcome, reason: stop.report_reason, at: stop.reported_at };
}

function newest(own: Press | null, known: Press | null): Press | null {
  if (own === null || known === null) return own ?? known;
  return Date.parse(own.at) >= Date.parse(known.at) ? own : known;
}

/** The address that a phone's navigation opens: RFC 5870, with the place's name for those that read `q`. */
export function geoAddress(stop: { lat: number; lon: number; name: string | null; id: string | null }): string {
  const place = `${stop.lat.toFixed(6)},${stop.lon.toFixed(6)}`;
  return `geo:${place}?q=${place}(${encodeURIComponent(stop.name ?? stop.id ?? "")})`;
}
