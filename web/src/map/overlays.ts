/** What is laid over the map at the user's wish: the selected truck's route and track, a plan, hidden layers. */
import { computed, effect, signal } from "@preact/signals";

import { fetchRouteGeometry, fetchTrack } from "../api/endpoints";
import { ApiProblem, sentenceOf } from "../api/problem";
import type { Plan, Track } from "../api/types";
import { hiddenLayers, selection } from "../state/address";
import { passedOf, viewedDate } from "../state/clock";
import { planOnMap, publishedPlan, shownPlan } from "../state/plans";
import { baseRoutes } from "../state/revising";
import { routeFeatures } from "./features";
import { LAYER_GROUPS, ROUTE_COLOURS, type LayerGroup } from "./style";

type Features = GeoJSON.FeatureCollection;

const GROUPS = Object.keys(LAYER_GROUPS) as LayerGroup[];

export const hiddenGroups = computed<ReadonlySet<LayerGroup>>(
  () => new Set(GROUPS.filter((group) => hiddenLayers.value.split(",").includes(group))),
);
export const selectedRoute = signal<Features | null>(null);
export const selectedTrack = signal<Track | null>(null);
export const plannedRoutes = signal<Features | null>(null);
/** Why a route or track could not be drawn. */
export const overlayProblem = signal<string | null>(null);
/** Whether the map keeps the selected truck in its middle. */
export const followed = signal(false);

const REFRESH_TRACK_MS = 15_000;

/** Show or hide a group of layers. */
export function toggleGroup(group: LayerGroup): void {
  const hidden = new Set(hiddenGroups.value);
  if (!hidden.delete(group)) hidden.add(group);
  hiddenLayers.value = [...hidden].join();
}

/** Fetch what the selection and the plan panel ask for, from now on; returns what ends it. */
export function followOverlays(): () => void {
  const endings = [followSelectedTruck(), followPlan()];
  return () => endings.forEach((end) => end());
}

function followSelectedTruck(): () => void {
  return effect(() => {
    const chosen = selection.value;
    const plan = baseRoutes.value ?? publishedPlan.value.value;
    const hasRoute = plan?.routes.some((route) => route.vehicle_id === chosen?.id) ?? false;
    const date = viewedDate.value;
    selectedRoute.value = null;
    selectedTrack.value = null;
    overlayProblem.value = null;
    if (chosen?.kind !== "vehicle") {
      followed.value = false;
      return;
    }
    const live = { wanted: true };
    if (plan !== null && hasRoute) void showRoute(plan.id, chosen.id, live);
    const showTrack = () => void loadTrack(chosen.id, date, live);
    showTrack();
    const timer = setInterval(showTrack, REFRESH_TRACK_MS);
    return () => {
      live.wanted = false;
      clearInterval(timer);
    };
  });
}

/** Tells an answer that comes late whether it is still wanted. */
interface Wish {
  wanted: boolean;
}

async function showRoute(planId: string, vehicleId: string, wish: Wish): Promise<void> {
  await quietly(wish, async () => {
    const route = await fetchRouteGeometry(planId, vehicleId);
    if (wish.wanted) selectedRoute.value = routeFeatures(route, 0);
  });
}

async function loadTrack(vehicleId: string, date: string, wish: Wish): Promise<void> {
  const passed = passedOf(date);
  if (passed === null) return;
  await quietly(wish, async () => {
    const track = await fetchTrack(vehicleId, passed.start, passed.end);
    if (wish.wanted) selectedTrack.value = track;
  });
}

/** A truck that has no route or track has none drawn; any other problem is shown with its card. */
async function quietly(wish: Wish, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (problem) {
    const isMissing = problem instanceof ApiProblem && problem.status === 404;
    if (wish.wanted && !isMissing) overlayProblem.value = sentenceOf(problem);
  }
}

function followPlan(): () => void {
  return effect(() => {
    const plan = shownPlan.value.value;
    plannedRoutes.value = null;
    if (!planOnMap.value || plan === null) return;
    const live = { wanted: true };
    void showPlan(plan, live);
    return () => {
      live.wanted = false;
    };
  });
}

async function showPlan(plan: Plan, wish: Wish): Promise<void> {
  await quietly(wish, async () => {
    const routes = await Promise.all(
      plan.routes.map(async (route, index) =>
        routeFeatures(await fetchRouteGeometry(plan.id, route.vehicle_id), index % ROUTE_COLOURS),
      ),
    );
    if (wish.wanted) {
      plannedRoutes.value = { type: "FeatureCollection", features: routes.flatMap((route) => route.features) };
    }
  });
}
