/** The vehicles, kept current by the live stream, and the state each is in. */
import { computed } from "@preact/signals";

import type { LiveEvents, Vehicle } from "../api/types";
import { nowMs } from "./clock";
import { loaded } from "./loading";

/** A vehicle without a fix for this long (town time) is silent. */
const STALE_MS = 5 * 60_000;
/** Below this it stands; GPS noise moves a parked truck at a walking pace. */
export const DRIVING_KMH = 3;

export type TruckState = "driving" | "standing" | "stale" | "offline" | "unknown";

export const vehicles = loaded<Vehicle[]>([]);
export const vehiclesById = computed(() => new Map(vehicles.value.value.map((truck) => [truck.id, truck])));

/** The state of a vehicle at the town's instant `atMs` (epoch ms). */
export function truckStateAt(truck: Vehicle, atMs: number): TruckState {
  const fix = truck.last_position;
  if (truck.online === false) return "offline";
  if (fix === null) return "unknown";
  if (atMs - Date.parse(fix.observed_at) > STALE_MS) return "stale";
  return (fix.speed_kmh ?? 0) >= DRIVING_KMH ? "driving" : "standing";
}

/** Each vehicle's state now. */
export const truckStates = computed<ReadonlyMap<string, TruckState>>(
  () => new Map(vehicles.value.value.map((truck) => [truck.id, truckStateAt(truck, nowMs.value)])),
);

export const onlineCount = computed(() => vehicles.value.value.filter((truck) => truck.online === true).length);

let keptNames: ReadonlyMap<string, string> = new Map();
/** Each vehicle's plate, or its code; the same map as long as they are the same, however often positions change. */
const names = computed(() => {
  const trucks = vehicles.value.value;
  const nameOf = (truck: Vehicle) => truck.plate ?? truck.id;
  const isSame = trucks.length === keptNames.size && trucks.every((truck) => keptNames.get(truck.id) === nameOf(truck));
  if (!isSame) keptNames = new Map(trucks.map((truck) => [truck.id, nameOf(truck)]));
  return keptNames;
});

/** A vehicle's plate, or its code where it has none. */
export function truckName(vehicleId: string): string {
  return names.value.get(vehicleId) ?? vehicleId;
}

type PositionEvent = LiveEvents["position"];

/** Return the vehicles with the newest position of each taken in; a late fix never moves a truck back. */
export function withPositions(trucks: readonly Vehicle[], events: ReadonlyMap<string, PositionEvent>): Vehicle[] {
  return trucks.map((truck) => {
    const event = events.get(truck.id);
    if (event === undefined) return truck;
    const known = truck.last_position;
    const isOld = known !== null && Date.parse(event.observed_at) < Date.parse(known.observed_at);
    return {
      ...truck,
      online: event.online ?? truck.online,
      load_kg: isOld ? truck.load_kg : (event.load_kg ?? truck.load_kg),
      last_position: isOld ? known : event,
    };
  });
}

const arrived = new Map<string, PositionEvent>();
let flush: ReturnType<typeof setTimeout> | undefined;

/** Positions are taken in together, four times a second at most: a large fleet sends many. */
const FLUSH_MS = 250;

/** Take in a position of the live stream. */
export function receivePosition(event: PositionEvent): void {
  const waiting = arrived.get(event.vehicle_id);
  if (waiting !== undefined && Date.parse(waiting.observed_at) > Date.parse(event.observed_at)) return;
  arrived.set(event.vehicle_id, event);
  flush ??= setTimeout(() => {
    flush = undefined;
    vehicles.value.value = withPositions(vehicles.value.value, arrived);
    arrived.clear();
  }, FLUSH_MS);
}
