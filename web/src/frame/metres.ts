/** Distances between places as the crow flies. */
import type { Position } from "../api/types";

const EARTH_RADIUS_M = 6_371_009;

/** Metres between two places in degrees (haversine; right to half a percent). */
export function metresBetween([lonA, latA]: Position, [lonB, latB]: Position): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half =
    Math.sin(radians(latB - latA) / 2) ** 2 +
    Math.cos(radians(latA)) * Math.cos(radians(latB)) * Math.sin(radians(lonB - lonA) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(half));
}
