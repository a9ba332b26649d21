import { describe, expect, it } from "vitest";

import { gcj02Of } from "./gcj02";
import { inTiles, partsOfTile, placeInTiles, shiftOfTile } from "./shift";

/** From the tests of the library eviltransform: lon and lat in WGS-84, and where they lie in GCJ-02. */
const PUBLISHED = [
  { name: "Shanghai", wgs84: [121.5272106, 31.1774276], gcj02: [121.531541859215, 31.17530398364597] },
  { name: "Shenzhen", wgs84: [113.912316, 22.543847], gcj02: [113.9171764808363, 22.540796131694766] },
  { name: "Beijing", wgs84: [116.377817, 39.911954], gcj02: [116.38404722455657, 39.91334545536069] },
] as const;
/** 0.1 m along a meridian, in degrees. */
const TENTH_METRE_DEG = 0.1 / 111_320;

const TOWNS = [
  [116.4, 40.1],
  [121.5, 31.2],
  [113.3, 23.1],
  [87.6, 43.8],
  [126.6, 45.8],
  [103.8, 36.0],
  [91.1, 29.7],
] as const;
const ZOOMS = [8, 10, 12, 14, 16, 18];
const TILE_PX = 256;

describe("GCJ-02", () => {
  it.each(PUBLISHED)("is where the published pair has it: $name", ({ wgs84, gcj02 }) => {
    const [lon, lat] = gcj02Of([wgs84[0], wgs84[1]]);
    expect(Math.abs(lon - gcj02[0])).toBeLessThan(TENTH_METRE_DEG);
    expect(Math.abs(lat - gcj02[1])).toBeLessThan(TENTH_METRE_DEG);
  });

  it("leaves places abroad where they are", () => {
    for (const place of [
      [2.35, 48.86],
      [-104.99, 39.74],
      [151.2, -33.9],
    ] as const) {
      expect(gcj02Of([place[0], place[1]])).toEqual(place);
    }
  });
});

describe("a shifted tile", () => {
  it("lies right below what is drawn over it to three quarters of a pixel, at every zoom and in its corners", () => {
    let worstPx = 0;
    for (const [lon, lat] of TOWNS) {
      for (const zoom of ZOOMS) {
        const [x, y] = inTiles([lon, lat], zoom).map(Math.floor) as [number, number];
        const [east, south] = shiftOfTile(zoom, x, y);
        for (const [right, down] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          const [trueX, trueY] = inTiles(gcj02Of(placeInTiles(x + right, y + down, zoom)), zoom);
          const offPx = Math.hypot(trueX - x - right - east, trueY - y - down - south) * TILE_PX;
          worstPx = Math.max(worstPx, offPx);
        }
      }
    }
    expect(worstPx).toBeLessThan(0.75);
    expect(worstPx).toBeGreaterThan(0.1);
  });

  it("is made of tiles that cover it without a gap, moved by the shift to the nearest pixel", () => {
    const zoom = 16;
    const [x, y] = inTiles([116.4, 40.1], zoom).map(Math.floor) as [number, number];
    const [east, south] = shiftOfTile(zoom, x, y);
    const parts = partsOfTile(zoom, x, y, TILE_PX);
    expect(parts).toHaveLength(4);
    for (const part of parts) {
      expect(part.leftPx).toBe((part.x - x) * TILE_PX - Math.round(east * TILE_PX));
      expect(part.topPx).toBe((part.y - y) * TILE_PX - Math.round(south * TILE_PX));
    }
    expect(Math.min(...parts.map((part) => part.leftPx))).toBeLessThanOrEqual(0);
    expect(Math.max(...parts.map((part) => part.leftPx))).toBeGreaterThan(0);
  });

  it("is the tile itself abroad", () => {
    expect(partsOfTile(14, 8_300, 5_600, TILE_PX)).toEqual([{ x: 8_300, y: 5_600, leftPx: 0, topPx: 0 }]);
  });
});
