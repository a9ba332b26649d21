/** The driver's day: the route from the API or, without a network, as it was kept; and what was pressed. */
import { computed, effect, signal } from "@preact/signals";

import { request, requestAll } from "../api/client";
import { fetchClock, fetchTown } from "../api/endpoints";
import { ApiProblem, sentenceOf } from "../api/problem";
import type { Clock, Town, Vehicle } from "../api/types";
import { hashSignal } from "../frame/hash";
import { setClock, town, townNowMs } from "../state/clock";
import { session } from "../state/session";
import { keep, kept, outbox } from "./phone-store";
import { sendAll } from "./sending";
import { outcomeOf, type DriverRoute, type Outgoing, type Reason, type Report } from "./shapes";
import { nextStop, progressOf, shownStops, stopKey, withPress, type Press, type ShownStop } from "./stops";

const REFRESH_MS = 20_000;
const RETRY_MS = 10_000;
const LONGEST_SEARCH_MS = 4_000;

/** The vehicle looked at; a driver's own where none is named. */
export const vehicleId = hashSignal("vehicle", "");
/** The service day looked at, as to print tomorrow's route; today where none is named. */
export const date = hashSignal("date", "");
export const route = signal<DriverRoute | null>(null);
/** When the route was fetched, by the town's clock, where that is not just now. */
export const keptAt = signal<number | null>(null);
export const problem = signal<string | null>(null);
export const isOnline = signal(navigator.onLine);
export const waiting = signal<readonly Outgoing[]>([]);
/** What a reader of the page is told of the last press. */
export const said = signal("");
const presses = signal<Readonly<Record<string, Press>>>({});
const passed = signal<ReadonlySet<string>>(new Set());
/** The vehicles to choose from, for those to whom none belongs. */
export const choice = signal<readonly Vehicle[] | null>(null);

export const stops = computed(() => (route.value === null ? [] : shownStops(route.value, presses.value, passed.value)));
export const next = computed(() => nextStop(stops.value));
export const progress = computed(() => progressOf(stops.value));
export const toSend = computed(() => waiting.value.filter((outgoing) => outgoing.refusal === null));
export const refused = computed(() => waiting.value.filter((outgoing) => outgoing.refusal !== null));

interface KeptDay {
  route: DriverRoute;
  town: Town;
  /** What the town's clock showed when the phone's showed `takenAtMs`. */
  clock: Clock;
  takenAtMs: number;
}

interface KeptPresses {
  serviceDate: string;
  presses: Record<string, Press>;
  passed: string[];
}

const dayName = () => `day of ${session.value?.userName ?? ""} ${vehicleId.value} ${date.value}`;
const pressesName = (of: DriverRoute) => `presses of ${of.vehicle_id} ${date.value}`;

/** Show the day from now on, and send what waits; returns what ends it. */
export function followDay(): () => void {
  void restore().then(refresh);
  const refreshing = setInterval(() => void refresh(), REFRESH_MS);
  const retrying = setInterval(() => void send(), RETRY_MS);
  const back = () => {
    isOnline.value = navigator.onLine;
    if (navigator.onLine) void refresh();
  };
  const woken = () => {
    if (document.visibilityState === "visible") void refresh();
  };
  addEventListener("online", back);
  addEventListener("offline", back);
  document.addEventListener("visibilitychange", woken);
  const stopFollowing = effect(() => {
    if (vehicleId.value !== "" && route.peek()?.vehicle_id !== vehicleId.value) void restore().then(refresh);
  });
  return () => {
    clearInterval(refreshing);
    clearInterval(retrying);
    removeEventListener("online", back);
    removeEventListener("offline", back);
    document.removeEventListener("visibilitychange", woken);
    stopFollowing();
    route.value = null;
  };
}

async function restore(): Promise<void> {
  waiting.value = await outbox.all();
  const day = await kept<KeptDay>(dayName());
  if (day === null) return;
  setClock({ ...day.clock, now: nowBy(day) });
  town.value = day.town;
  keptAt.value = Date.parse(day.clock.now);
  await show(day.route);
}

/** The town's time now, from what the two clocks showed when the day was kept. */
function nowBy(day: KeptDay): string {
  return new Date(Date.parse(day.clock.now) + (Date.now() - day.takenAtMs) * day.clock.speed).toISOString();
}

/** Fetch the route anew and send what waits. */
export async function refresh(): Promise<void> {
  await send();
  try {
    const [townAnswer, clock] = await Promise.all([fetchTown(), fetchClock()]);
    setClock(clock);
    town.value = townAnswer;
    if (vehicleId.value === "" && session.value?.role !== "driver") {
      const known = await requestAll<Vehicle>("/vehicles");
      choice.value = date.value === "" ? known.filter((vehicle) => vehicle.route !== null) : known;
      return;
    }
    const query = new URLSearchParams();
    if (vehicleId.value !== "") query.set("vehicle_id", vehicleId.value);
    if (date.value !== "") query.set("date", date.value);
    const answer = await request<DriverRoute>(`/driver/route?${query.toString()}`);
    keptAt.value = null;
    problem.value = null;
    choice.value = null;
    isOnline.value = true;
    await keep(dayName(), { route: answer, town: townAnswer, clock, takenAtMs: Date.now() } satisfies KeptDay);
    await show(answer);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 0) isOnline.value = false;
    else problem.value = sentenceOf(error);
  }
}

async function show(answer: DriverRoute): Promise<void> {
  const before = await kept<KeptPresses>(pressesName(answer));
  const isToday = before?.serviceDate === answer.service_date;
  presses.value = isToday ? before.presses : {};
  passed.value = new Set(isToday ? before.passed : []);
  route.value = answer;
}

async function keepPresses(of: DriverRoute): Promise<void> {
  const day: KeptPresses = { serviceDate: of.service_date, presses: presses.value, passed: [...passed.value] };
  await keep(pressesName(of), day);
}

/** Report a stop as served, or with a reason as not. It is on the phone before anything is sent. */
export async function press(
  stop: ShownStop,
  why: { reason: Reason; note: string; photo: Blob | null } | null = null,
): Promise<void> {
  const of = route.value;
  if (of === null || stop.id === null) return;
  const observedAt = new Date(townNowMs()).toISOString();
  const place = await whereAmI();
  const report: Report = {
    report_id: crypto.randomUUID(),
    vehicle_id: of.vehicle_id,
    point_id: stop.id,
    occurrence: stop.occurrence,
    observed_at: observedAt,
    outcome: why === null ? "served" : outcomeOf(why.reason),
    reason: why?.reason ?? null,
    note: why === null || why.note.trim() === "" ? null : why.note.trim(),
    ...place,
  };
  await outbox.put({ report, photo: why?.photo ?? null, isSent: false, refusal: null });
  presses.value = withPress(presses.value, report);
  waiting.value = await outbox.all();
  await keepPresses(of);
  void send().then(refresh);
}

/** Leave a depot, station or break behind. */
export async function pass(stop: ShownStop): Promise<void> {
  passed.value = new Set([...passed.value, stopKey(stop)]);
  if (route.value !== null) await keepPresses(route.value);
}

interface Place {
  lon: number | null;
  lat: number | null;
  accuracy_m: number | null;
}

/** Where the phone is, if it tells soon; a press does not wait for it. */
function whereAmI(): Promise<Place> {
  const nowhere: Place = { lon: null, lat: null, accuracy_m: null };
  return new Promise((resolve) => {
    if (!("geolocation" in navigator)) return resolve(nowhere);
    const late = setTimeout(() => resolve(nowhere), LONGEST_SEARCH_MS);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        clearTimeout(late);
        resolve({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy });
      },
      () => {
        clearTimeout(late);
        resolve(nowhere);
      },
      { enableHighAccuracy: true, maximumAge: 15_000, timeout: LONGEST_SEARCH_MS },
    );
  });
}

let sending: Promise<void> | null = null;

/** Send what waits, one at a time however often it is asked for. */
export function send(): Promise<void> {
  sending ??= sendWaiting().finally(() => {
    sending = null;
  });
  return sending;
}

async function sendWaiting(): Promise<void> {
  if (session.value === null || (await outbox.all()).length === 0) return;
  await sendAll(outbox, {
    report: (report) => request("/driver/reports", { method: "POST", body: report }),
    photo: (reportId, photo) => request(`/driver/reports/${reportId}/photo`, { method: "PUT", body: photo }),
  });
  waiting.value = await outbox.all();
}

/** Try again what was refused, or forget it. */
export async function settle(outgoing: Outgoing, what: "again" | "drop"): Promise<void> {
  if (what === "again") await outbox.put({ ...outgoing, refusal: null });
  else await outbox.remove(outgoing.report.report_id);
  waiting.value = await outbox.all();
  if (what === "again") await send();
}
