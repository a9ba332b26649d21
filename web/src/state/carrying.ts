/** A visit that is being moved from one truck to another, by the mouse or by the keyboard. */
import { computed, signal } from "@preact/signals";

import { priceVisit } from "../api/endpoints";
import type { PricedPlace, PricedVisit } from "../api/types";
import { loaded } from "./loading";
import { basePlan, edit } from "./revising";

export interface CarriedVisit {
  pointId: string;
  occurrence: number;
  /** The truck that has it now. */
  vehicleId: string;
}

export const carried = signal<CarriedVisit | null>(null);
const priced = loaded<PricedVisit | null>(null);

/** The best place that was priced for the carried visit, by truck; the others' price is known after the drop. */
export const carriedPrices = computed<ReadonlyMap<string, PricedPlace>>(() => {
  const visit = priced.value.value;
  const isMeant = visit?.point_id === carried.value?.pointId && visit?.occurrence === carried.value?.occurrence;
  return new Map(isMeant ? (visit?.places ?? []).map((place) => [place.vehicle_id, place]) : []);
});

/** Take a visit up; what it would cost on the best trucks is asked for at once. */
export function pickUp(visit: CarriedVisit): void {
  const planId = basePlan.value?.id;
  if (planId === undefined) return;
  priced.clear();
  carried.value = visit;
  void priced.load(() => priceVisit(planId, visit.pointId));
}

/** Leave the visit where it was. */
export function putBack(): void {
  carried.value = null;
}

/** Give the carried visit to a truck, at the place that was priced or else where it is cheapest. */
export async function dropOn(vehicleId: string): Promise<void> {
  const visit = carried.value;
  const price = carriedPrices.value.get(vehicleId) ?? null;
  carried.value = null;
  if (visit !== null && visit.vehicleId !== vehicleId) await moveVisit(visit, vehicleId, price);
}

/** Give a visit to a truck, at the place that was priced or else where it is cheapest. */
export function moveVisit(visit: CarriedVisit, vehicleId: string, price: PricedPlace | null): Promise<void> {
  const sequence = price?.sequence ?? null;
  return edit(
    {
      action: "move",
      point_id: visit.pointId,
      occurrence: visit.occurrence,
      vehicle_id: vehicleId,
      ...(sequence === null ? {} : { sequence }),
    },
    price,
  );
}
