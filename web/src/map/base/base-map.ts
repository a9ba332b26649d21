/** The map to lay below ours, where a setting names one: what it is, and whether it can be had. */
import { signal } from "@preact/signals";

import { request } from "../../api/client";
import type { BaseLayers } from "./base-layers";

/** What the API says of it. */
export interface BaseMap {
  kind: "raster" | "vector";
  /** A tile's address with {z}, {x} and {y}, or the path of an archive (PMTiles). */
  url: string;
  is_archive: boolean;
  crs: "wgs84" | "gcj02";
  attribution: string;
  max_zoom: number;
}

/** The base map that is drawn; null where there is none, and until it is known. */
export const baseMap = signal<BaseMap | null>(null);
/** Whether its tiles could not be fetched; our own streets are there all the same. */
export const baseIsMissing = signal(false);

let found: Promise<BaseLayers | null> | undefined;

/** Ask for the base map, once; null where none is set, or nothing can be learnt of it. */
export function findBase(): Promise<BaseLayers | null> {
  found ??= ask().catch(() => {
    // The map is drawn without; that the server does not answer is told by all else that asks it.
    baseIsMissing.value = true;
    return null;
  });
  return found;
}

async function ask(): Promise<BaseLayers | null> {
  const base = await request<BaseMap | null>("/map/base");
  if (base === null) return null;
  const { prepareBase } = await import("./base-layers");
  baseMap.value = base;
  return prepareBase(base);
}
