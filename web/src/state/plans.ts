/** The plans of the day looked at: which there are, the one shown, and a running one's falling cost. */
import { computed, signal } from "@preact/signals";

import { sentenceOf } from "../api/problem";
import { askForPlan, cancelPlan, fetchPlan, fetchPlans, publishPlan } from "../api/endpoints";
import { openStream, type Stream } from "../api/stream";
import type { LiveEvents, Plan, PlanEvents, PlannedRoute, PlanProgress, PlanSummary } from "../api/types";
import { chosenPlanId, planViewWord } from "./address";
import { viewedDate } from "./clock";
import { loaded } from "./loading";

export const plans = loaded<PlanSummary[]>([]);
/** The plan shown in the panel, with its routes. */
export const shownPlan = loaded<Plan | null>(null);
/** The published plan of the day looked at: where trucks are heading. */
export const publishedPlan = loaded<Plan | null>(null);
/** The costs found so far by plan, as far as this page watched. */
export const progressByPlan = signal<ReadonlyMap<string, readonly PlanProgress[]>>(new Map());
export const PLAN_VIEWS = ["routes", "compare"] as const;
export type PlanView = (typeof PLAN_VIEWS)[number];
/** What the panel shows beside the plan; null is what fits: for a draft the comparison, else the routes. */
export const planView = computed<PlanView | null>(() => PLAN_VIEWS.find((name) => name === planViewWord.value) ?? null);
export const showPlanView = (name: PlanView) => (planViewWord.value = name);
/** Whether the shown plan's routes are drawn on the map. */
export const planOnMap = signal(false);

export const publishedSummary = computed(() => plans.value.value.find((plan) => plan.published) ?? null);

/** The plan that the panel shows: the chosen one, else the published one, else the newest. */
export const shownSummary = computed(
  () =>
    plans.value.value.find((plan) => plan.id === chosenPlanId.value) ??
    publishedSummary.value ??
    plans.value.value[0] ??
    null,
);

/** The published route of a vehicle on the day looked at. */
export function publishedRouteOf(vehicleId: string): PlannedRoute | null {
  return publishedPlan.value.value?.routes.find((route) => route.vehicle_id === vehicleId) ?? null;
}

/** Tell whether the planner still works on a plan. */
export function isRunning(plan: PlanSummary): boolean {
  return plan.status === "queued" || plan.status === "solving";
}

export const refreshPlans = () => plans.load(() => fetchPlans(viewedDate.value));

/** Take in a change that the live stream tells: a falling cost is noted, anything more is fetched. */
export function receivePlan(event: LiveEvents["plan"]): void {
  if (event.date !== viewedDate.value) return;
  const known = plans.value.value.find((plan) => plan.id === event.id);
  if (known?.status !== event.status || known.published !== event.published) {
    void refreshPlans();
    return;
  }
  plans.value.value = plans.value.value.map((plan) =>
    plan.id === event.id ? { ...plan, cost: event.cost, served: event.served } : plan,
  );
}

/** What the newest press of a button answered, where it was an error. */
export const planProblem = signal<string | null>(null);
export const planBusy = signal<"ask" | "publish" | "cancel" | null>(null);

/** Ask for a plan of the day looked at and show it. */
export function ask(timeLimitS: number): Promise<void> {
  return act("ask", async () => {
    const plan = await askForPlan(viewedDate.value, timeLimitS);
    chosenPlanId.value = plan.id;
  });
}

export const publish = (planId: string) => act("publish", () => publishPlan(planId));
export const cancel = (planId: string) => act("cancel", () => cancelPlan(planId));

async function act(what: "ask" | "publish" | "cancel", work: () => Promise<unknown>): Promise<void> {
  planBusy.value = what;
  planProblem.value = null;
  try {
    await work();
  } catch (problem) {
    planProblem.value = sentenceOf(problem);
  }
  planBusy.value = null;
  await refreshPlans();
}

let watched: { planId: string; stream: Stream } | null = null;

/** Fetch how a plan's cost fell, and follow it while the planner works on it; one plan at a time. */
export function watchProgress(plan: PlanSummary): void {
  if (watched?.planId === plan.id || (!isRunning(plan) && progressByPlan.peek().has(plan.id))) return;
  stopWatching();
  const stream = openStream<PlanEvents>(`/plans/${encodeURIComponent(plan.id)}/events`, {
    progress: (progress) => {
      addProgress(plan.id, progress);
      if (shownSummary.peek()?.status === "queued") void refreshPlans();
    },
    status: (event) => {
      if (event.status === "queued" || event.status === "solving") return;
      stopWatching();
      if (isRunning(plan)) void refreshPlans();
    },
  });
  watched = { planId: plan.id, stream };
}

/** Close the stream of the plan that is followed, if any. */
export function stopWatching(): void {
  watched?.stream.close();
  watched = null;
}

function addProgress(planId: string, progress: PlanProgress): void {
  const known = progressByPlan.value.get(planId) ?? [];
  // A stream that was opened again tells from the start.
  if (known.some((earlier) => earlier.elapsed_s >= progress.elapsed_s)) return;
  progressByPlan.value = new Map(progressByPlan.value).set(planId, [...known, progress]);
}

/** Fetch the routes of the plan to show, and of the published one; where they are one plan, once. */
export function loadRoutes(shown: PlanSummary | null, published: PlanSummary | null): void {
  const fetchRoutes = async (plan: PlanSummary | null) => (plan === null ? null : await fetchPlan(plan.id));
  const routes = fetchRoutes(shown);
  void shownPlan.load(() => routes);
  void publishedPlan.load(() => (published?.id === shown?.id ? routes : fetchRoutes(published)));
}
