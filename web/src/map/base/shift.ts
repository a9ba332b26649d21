/** How tiles that are drawn in GCJ-02 are shifted, each as a whole, to lie right below what we draw in WGS-84. */
import type { Position } from "../../api/types";
import { gcj02Of } from "./gcj02";

/** A tile of the map that is shifted, and where its upper left corner comes to lie, in pixels of the tile that is made. */
export interface ShiftedPart {
  x: number;
  y: number;
  leftPx: number;
  topPx: number;
}

/** Where a place lies in the grid of tiles (Web Mercator), in tiles from its upper left. */
export function inTiles([lon, lat]: Position, zoom: number): [x: number, y: number] {
  const latRad = (lat * Math.PI) / 180;
  const north = Math.log(Math.tan(latRad) + 1 / Math.cos(latRad)) / Math.PI;
  return [2 ** zoom * (lon / 360 + 0.5), 2 ** zoom * (0.5 - north / 2)];
}

/** The place at `x`, `y` of the grid of tiles. */
export function placeInTiles(x: number, y: number, zoom: number): Position {
  const north = Math.PI * (1 - (2 * y) / 2 ** zoom);
  return [(x / 2 ** zoom) * 360 - 180, (Math.atan(Math.sinh(north)) * 180) / Math.PI];
}

/** By how many tiles GCJ-02 shifts the middle of a tile: east and south. In its corners it is another by 0.7 pixels at most. */
export function shiftOfTile(zoom: number, x: number, y: number): [east: number, south: number] {
  const [shiftedX, shiftedY] = inTiles(gcj02Of(placeInTiles(x + 0.5, y + 0.5, zoom)), zoom);
  return [shiftedX - x - 0.5, shiftedY - y - 0.5];
}

/**
 * The parts that a tile is made of: one where nothing is shifted, else two or four.
 *
 * They are laid by whole pixels, so that writing stays sharp and no seam shows.
 */
export function partsOfTile(zoom: number, x: number, y: number, sizePx: number): ShiftedPart[] {
  const [eastPx, southPx] = shiftOfTile(zoom, x, y).map((tiles) => Math.round(tiles * sizePx)) as [number, number];
  const parts: ShiftedPart[] = [];
  const first = (shiftPx: number) => Math.floor(shiftPx / sizePx);
  for (let row = first(southPx); row * sizePx < southPx + sizePx; row++) {
    for (let column = first(eastPx); column * sizePx < eastPx + sizePx; column++) {
      parts.push({ x: x + column, y: y + row, leftPx: column * sizePx - eastPx, topPx: row * sizePx - southPx });
    }
  }
  return parts;
}
