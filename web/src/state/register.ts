/** What the town has registered: zones, contractors, points, facilities and streets. */
import { computed } from "@preact/signals";

import type { CollectionPoint, Contractor, Facility, Zone } from "../api/types";
import { loaded } from "./loading";

export const zones = loaded<Zone[]>([]);
export const contractors = loaded<Contractor[]>([]);
export const points = loaded<CollectionPoint[]>([]);
export const facilities = loaded<Facility[]>([]);
export const streets = loaded<GeoJSON.FeatureCollection<GeoJSON.LineString>>({
  type: "FeatureCollection",
  features: [],
});

export const pointsById = computed(() => byId(points.value.value));
export const facilitiesById = computed(() => byId(facilities.value.value));
export const zonesById = computed(() => byId(zones.value.value));
const contractorsById = computed(() => byId(contractors.value.value));

/** A zone's name, or its code where it has none. */
export function zoneName(zoneId: string | null): string | null {
  return zoneId === null ? null : (zonesById.value.get(zoneId)?.name ?? zoneId);
}

/** A contractor's name, or its code where it is not known. */
export function contractorName(contractorId: string | null): string | null {
  return contractorId === null ? null : (contractorsById.value.get(contractorId)?.name ?? contractorId);
}

/** A collection point's name, or its code. */
export function pointName(pointId: string): string {
  return pointsById.value.get(pointId)?.name ?? pointId;
}

/** A facility's name, or its code. */
export function facilityName(facilityId: string): string {
  return facilitiesById.value.get(facilityId)?.name ?? facilityId;
}

function byId<Item extends { id: string }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}
