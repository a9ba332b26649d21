/**
 * WGS-84 to GCJ-02, in which Chinese maps are drawn: a place is shifted by some hundred metres, smoothly over the land.
 *
 * The formula is not published officially; this is the one that everybody uses, known from the library eviltransform,
 * whose test pairs it is held against. Its box around China is a rough one: abroad, where nothing is shifted, it takes
 * in some neighbours.
 */
import type { Position } from "../../api/types";

/** The ellipsoid of Krasovsky (1940): half of its longer axis in metres, and its eccentricity squared. */
const SEMI_MAJOR_M = 6378245;
const ECCENTRICITY_SQUARED = 0.00669342162296594323;

/** West, south, east, north of where places are shifted. */
const SHIFTED_WITHIN = [72.004, 0.8293, 137.8347, 55.8271] as const;
/** The waves of the shift are reckoned from here. */
const WAVES_FROM: Position = [105, 35];

/** Where a place of WGS-84 lies on a map that is drawn in GCJ-02, in degrees; abroad it is the same. */
export function gcj02Of([lon, lat]: Position): Position {
  const [west, south, east, north] = SHIFTED_WITHIN;
  if (lon < west || lon > east || lat < south || lat > north) return [lon, lat];
  const x = lon - WAVES_FROM[0];
  const y = lat - WAVES_FROM[1];
  const latRad = (lat * Math.PI) / 180;
  const flattened = 1 - ECCENTRICITY_SQUARED * Math.sin(latRad) ** 2;
  const metresPerDegreeNorth =
    ((SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)) / (flattened * Math.sqrt(flattened))) * (Math.PI / 180);
  const metresPerDegreeEast = (SEMI_MAJOR_M / Math.sqrt(flattened)) * Math.cos(latRad) * (Math.PI / 180);
  return [lon + eastM(x, y) / metresPerDegreeEast, lat + northM(x, y) / metresPerDegreeNorth];
}

function eastM(x: number, y: number): number {
  const smooth = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x));
  return smooth + short(x) + waves(x, [20, 1], [40, 1 / 3], [150, 1 / 12], [300, 1 / 30]);
}

function northM(x: number, y: number): number {
  const smooth = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x));
  return smooth + short(x) + waves(y, [20, 1], [40, 1 / 3], [160, 1 / 12], [320, 1 / 30]);
}

/** The shortest waves, which both directions have in the longitude. */
function short(x: number): number {
  return waves(x, [20, 6], [20, 2]);
}

/** The sum of sines of `at` in half turns, each of an amplitude (of which two thirds count) and a frequency. */
function waves(at: number, ...parts: readonly (readonly [amplitudeM: number, frequency: number])[]): number {
  return parts.reduce((sum, [amplitudeM, of]) => sum + ((amplitudeM * 2) / 3) * Math.sin(at * of * Math.PI), 0);
}
