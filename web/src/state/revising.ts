/** Changing a plan through the day: what has happened is gathered and planned anew, visits are moved by hand. */
import { computed, signal } from "@preact/signals";

import { editPlan, replanRest } from "../api/endpoints";
import { sentenceOf } from "../api/problem";
import type { BrokenRule, PlanEdit, PlanSummary, PricedPlace } from "../api/types";
import { chosenPlanId, panel } from "./address";
import { today, viewedDate } from "./clock";
import { plans, publishedPlan, publishedSummary, refreshPlans, shownPlan, shownSummary } from "./plans";
import { mayPlan } from "./session";

/** What the dispatcher has told since the plan was made, by what it is about. */
export interface Told {
  brokenVehicles: readonly string[];
  closedFacilities: readonly string[];
  urgentPoints: readonly string[];
}

const NOTHING_TOLD: Told = { brokenVehicles: [], closedFacilities: [], urgentPoints: [] };

/** What is told and not yet planned anew. */
export const told = signal<Told>(NOTHING_TOLD);
export const toldCount = computed(() => {
  const { brokenVehicles, closedFacilities, urgentPoints } = told.value;
  return brokenVehicles.length + closedFacilities.length + urgentPoints.length;
});

/** Say that something has happened, or take it back. */
export function toggleTold(what: keyof Told, id: string): void {
  const ids = told.value[what];
  told.value = { ...told.value, [what]: ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id] };
}

/** Whether a plan can be revised: it is complete, and no other has been published in its place. */
export function isRevisable(plan: PlanSummary): boolean {
  return plan.status === "ready" && (plan.published || plan.published_at === null);
}

/** The plan that a revision starts from: the one shown, so that drafts build on each other, else the published one. */
export const basePlan = computed<PlanSummary | null>(() => {
  const shown = shownSummary.value;
  return shown !== null && isRevisable(shown) ? shown : publishedSummary.value;
});

/** The plan that a revision starts from, with its routes, once they are fetched. */
export const baseRoutes = computed(
  () => [shownPlan.value.value, publishedPlan.value.value].find((plan) => plan?.id === basePlan.value?.id) ?? null,
);

/** Whether the signed-in person may change the plan of the day looked at. */
export const mayRevise = computed(() => mayPlan.value && basePlan.value !== null && viewedDate.value >= today.value);

/** The draft that is shown: a revision that no truck has yet. */
export const shownDraft = computed(() => {
  const shown = shownSummary.value;
  return shown !== null && shown.revision_of !== null && shown.published_at === null ? shown : null;
});

/** The plan that the shown draft revises. */
export const beforeDraft = computed(
  () => plans.value.value.find((plan) => plan.id === shownDraft.value?.revision_of) ?? null,
);

/** What each plan that was edited here breaks. */
export const brokenByPlan = signal<ReadonlyMap<string, readonly BrokenRule[]>>(new Map());
/** What the last change alone costs, where it was priced before: the draft's sums also take in how the day has gone. */
export const priceByPlan = signal<ReadonlyMap<string, PricedPlace>>(new Map());
export const revisionProblem = signal<string | null>(null);
export const isRevising = signal(false);

/** Plan the rest of the day anew with all that was told, and show how that goes. */
export function replan(timeLimitS: number): Promise<void> {
  return revise(async (base) => {
    const { brokenVehicles, closedFacilities, urgentPoints } = told.value;
    const plan = await replanRest(base.id, {
      broken_vehicles: brokenVehicles,
      closed_facilities: closedFacilities,
      urgent_points: urgentPoints.map((pointId) => ({ point_id: pointId })),
      time_limit_s: timeLimitS,
    });
    told.value = NOTHING_TOLD;
    panel.value = "plan";
    return plan;
  });
}

/** Change the plan by hand and show the draft that comes of it; `price` is what the change was said to cost. */
export function edit(change: PlanEdit, price: PricedPlace | null = null): Promise<void> {
  return revise(async (base) => {
    const plan = await editPlan(base.id, [change]);
    if (price !== null) priceByPlan.value = new Map(priceByPlan.value).set(plan.id, price);
    brokenByPlan.value = new Map(brokenByPlan.value).set(plan.id, plan.broken);
    return plan;
  });
}

/** Back to the plan that the shown draft revises; the draft stays in the list. */
export function undo(): void {
  chosenPlanId.value = shownDraft.value?.revision_of ?? null;
}

async function revise(work: (base: PlanSummary) => Promise<PlanSummary>): Promise<void> {
  const base = basePlan.value;
  if (base === null || isRevising.value) return;
  isRevising.value = true;
  revisionProblem.value = null;
  try {
    chosenPlanId.value = (await work(base)).id;
  } catch (problem) {
    revisionProblem.value = sentenceOf(problem);
  }
  await refreshPlans();
  isRevising.value = false;
}
