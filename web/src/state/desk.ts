/** The one place where the page's state is wired to the API: what is fetched when, and what the stream changes. */
import { effect, signal, untracked } from "@preact/signals";

import {
  fetchAlarms,
  fetchClearance,
  fetchClearanceSeries,
  fetchClock,
  fetchContractors,
  fetchDueVisits,
  fetchFacilities,
  fetchPoints,
  fetchStreets,
  fetchTown,
  fetchVehicles,
  fetchZones,
} from "../api/endpoints";
import { ApiProblem, sentenceOf } from "../api/problem";
import { openStream, type Stream, type StreamState } from "../api/stream";
import type { LiveEvents } from "../api/types";
import { addDays } from "../format/service-day";
import { afterDrawing } from "../frame/after-drawing";
import { panel } from "./address";
import { alarms, KEPT_ALARMS, receiveAlarm, refreshed } from "./alarms";
import { runClock, setClock, town, viewedDate } from "./clock";
import { figureView, groupedFigures, townFigures, type FigureView } from "./figures";
import { receivePosition, vehicles } from "./fleet";
import {
  loadRoutes,
  publishedSummary,
  receivePlan,
  refreshPlans,
  shownSummary,
  stopWatching,
  watchProgress,
} from "./plans";
import { contractors, facilities, points, streets, zones } from "./register";
import { dueVisits, receiveVisit } from "./visits";

/** Whether the live stream is open. */
export const connection = signal<StreamState>("connecting");
/** Why the town could not be fetched, which nothing works without. */
export const startProblem = signal<string | null>(null);

const REFRESH_VEHICLES_MS = 10_000;
const REFRESH_FACILITIES_MS = 20_000;
/** The stream tells of the newest alarms; what became of older ones is fetched. */
const REFRESH_ALARMS_MS = 30_000;
const REFRESH_FIGURES_MS = 20_000;
/** Figures are fetched this long after a visit was decided: a batch decides many. */
const FIGURES_AFTER_VISIT_MS = 1_500;
/** A browser that slept, or whose own clock was put right, is off by then. */
const SYNC_CLOCK_MS = 30_000;
const SERIES_DAYS = 14;

/** Fetch all there is for the desk and keep it current; returns what ends it. */
export function openDesk(): () => void {
  const endings: (() => void)[] = [runClock()];
  void start(endings);
  return () => {
    for (const end of endings) end();
    endings.length = 0;
    stopWatching();
    for (const kept of [
      zones,
      contractors,
      points,
      facilities,
      streets,
      vehicles,
      alarms,
      dueVisits,
      townFigures,
      groupedFigures,
    ]) {
      kept.clear();
    }
    town.value = null;
  };
}

async function start(endings: (() => void)[]): Promise<void> {
  try {
    const [townAnswer, clockAnswer] = await Promise.all([fetchTown(), fetchClock()]);
    setClock(clockAnswer);
    town.value = townAnswer;
    startProblem.value = null;
  } catch (problem) {
    startProblem.value = sentenceOf(problem);
    const retry = setTimeout(() => void start(endings), 5_000);
    endings.push(() => clearTimeout(retry));
    return;
  }
  loadFirst();
  endings.push(
    afterFirstList(() => {
      void points.load(fetchPoints);
      void streets.load(fetchStreets);
      const stream = openLiveStream();
      endings.push(() => stream.close(), ...followState(), ...refreshRegularly());
    }),
  );
}

/** Fetch what is little and looked at first: points, their visits and routes come by the ten thousand. */
function loadFirst(): void {
  void vehicles.load(fetchVehicles);
  void zones.load(fetchZones);
  void contractors.load(fetchContractors);
  void facilities.load(fetchFacilities);
  void loadAlarms();
}

/**
 * Call `then` when the list of trucks was drawn, or could not be fetched; returns what ends the wait.
 *
 * What comes after would hold up an old PC for half a second and more: MapLibre's start, answers by the megabyte.
 */
export function afterFirstList(then: () => void): () => void {
  let callOff: (() => void) | undefined;
  const end = effect(() => {
    if (!vehicles.waiting.value) callOff ??= afterDrawing(then);
  });
  return () => {
    end();
    callOff?.();
  };
}

/** Effects that fetch what the day, the panel and the plans shown ask for. */
function followState(): (() => void)[] {
  return [
    effect(() => {
      if (viewedDate.value !== "") untracked(loadDay);
    }),
    effect(() => {
      const view = figureView.value;
      if (viewedDate.value !== "" && panel.value === "figures") untracked(() => void loadGrouped(view));
    }),
    effect(() => {
      const plan = shownSummary.value;
      if (plan !== null && panel.value === "plan") untracked(() => watchProgress(plan));
    }),
    followPlanVersions(),
  ];
}

function planVersion(plan: { id: string; status: string; published_at: string | null } | null): string {
  return plan === null ? "" : `${plan.id} ${plan.status} ${plan.published_at ?? ""}`;
}

/** Plans are told apart by what changes their routes, so that a refresh of the list fetches none anew. */
function followPlanVersions(): () => void {
  let seen = "";
  return effect(() => {
    const shown = shownSummary.value;
    const published = publishedSummary.value;
    const versions = `${planVersion(shown)}|${planVersion(published)}`;
    if (versions === seen) return;
    seen = versions;
    untracked(() => loadRoutes(shown, published));
  });
}

function loadDay(): void {
  const date = viewedDate.value;
  dueVisits.clear();
  townFigures.clear();
  void dueVisits.load(() => fetchDueVisits(date));
  void loadTownFigures();
  void refreshPlans();
}

function loadAlarms(): Promise<void> {
  return alarms.load(async () => refreshed(await fetchAlarms(KEPT_ALARMS), alarms.value.value));
}

async function loadTownFigures(): Promise<void> {
  const date = viewedDate.value;
  await townFigures.load(async () => (await fetchClearance(date, "town"))[0] ?? null);
}

async function loadGrouped(view: FigureView): Promise<void> {
  const date = viewedDate.value;
  await groupedFigures.load(() =>
    view === "day" ? fetchClearanceSeries(addDays(date, 1 - SERIES_DAYS), date) : fetchClearance(date, view),
  );
}

/** Take the clock from the API; while that does not answer the page's own goes on. */
async function syncClock(): Promise<void> {
  try {
    setClock(await fetchClock());
  } catch (problem) {
    if (!(problem instanceof ApiProblem)) throw problem;
  }
}

function refreshFigures(): void {
  void loadTownFigures();
  if (panel.value === "figures") void loadGrouped(figureView.value);
}

function refreshRegularly(): (() => void)[] {
  const every = (ms: number, work: () => void) => {
    const timer = setInterval(() => {
      if (!document.hidden) work();
    }, ms);
    return () => clearInterval(timer);
  };
  return [
    every(REFRESH_VEHICLES_MS, () => void vehicles.load(fetchVehicles)),
    every(REFRESH_FACILITIES_MS, () => void facilities.load(fetchFacilities)),
    every(REFRESH_ALARMS_MS, () => void loadAlarms()),
    every(REFRESH_FIGURES_MS, refreshFigures),
    every(SYNC_CLOCK_MS, () => void syncClock()),
  ];
}

function openLiveStream(): Stream {
  let figuresTimer: ReturnType<typeof setTimeout> | undefined;
  return openStream<LiveEvents>(
    "/live",
    {
      position: receivePosition,
      visit: (event) => {
        receiveVisit(event);
        figuresTimer ??= setTimeout(() => {
          figuresTimer = undefined;
          refreshFigures();
        }, FIGURES_AFTER_VISIT_MS);
      },
      alarm: receiveAlarm,
      plan: receivePlan,
      // The event says that the clock was set; what it shows by now is asked for.
      clock: () => void syncClock(),
    },
    (state) => {
      const wasLost = connection.value === "lost";
      connection.value = state;
      if (wasLost && state === "open") catchUp();
    },
  );
}

/** After an outage: fetch what the stream may have told meanwhile. */
function catchUp(): void {
  void syncClock();
  void vehicles.load(fetchVehicles);
  void loadAlarms();
  void dueVisits.load(() => fetchDueVisits(viewedDate.value));
  refreshFigures();
  void refreshPlans();
}
