/** Where somebody has put a map, as an address carries it: longitude, latitude and zoom, with commas. */
import type { Position } from "../api/types";

export interface MapPlace {
  centre: Position;
  zoom: number;
}

/** Read a place; what is not understood is none. */
export function parsePlace(text: string | null): MapPlace | null {
  const [lon, lat, zoom] = (text ?? "").split(",").map((part) => (part === "" ? NaN : Number(part)));
  if (lon === undefined || lat === undefined || zoom === undefined) return null;
  const isPlace = Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 24;
  return isPlace ? { centre: [lon, lat], zoom } : null;
}

/** Write a place to a metre and a hundredth of a zoom level; none is empty. */
export function formatPlace(place: MapPlace | null): string {
  return place === null ? "" : `${place.centre.map((degrees) => degrees.toFixed(5)).join()},${place.zoom.toFixed(2)}`;
}
