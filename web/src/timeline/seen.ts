/** What a track says of an instant, and a track that goes on. */
import type { Fix, Track } from "../api/types";

/** A track with what came after it; the first fix of `more` is the last known one, so a gap stays a gap. */
export function continued(known: Track, more: Track): Track {
  const [first = [], ...rest] = more.segments;
  const last = known.segments.at(-1) ?? [];
  const isSame = (fix: Fix | undefined) => fix !== undefined && fix.observed_at === last.at(-1)?.observed_at;
  const joins = isSame(first[0]);
  const segments = joins
    ? [...known.segments.slice(0, -1), [...last, ...first.slice(1)], ...rest]
    : [...known.segments, ...more.segments];
  return { ...known, segments: segments.filter((segment) => segment.length > 0) };
}

/** Where a track has a truck at an instant: between two fixes of a run on its way, in a gap where it was last seen. */
export interface Seen {
  lon: number;
  lat: number;
  speedKmh: number | null;
  headingDeg: number | null;
  loadKg: number | null;
  /** Nothing is known of this instant itself. */
  inGap: boolean;
}

/** What a track says of an instant; null before its first fix. */
export function seenAt(track: Track, atMs: number): Seen | null {
  let last: Fix | null = null;
  for (const segment of track.segments) {
    const first = segment[0];
    if (first === undefined || Date.parse(first.observed_at) > atMs) break;
    const index = lastBefore(segment, atMs);
    const fix = segment[index];
    if (fix === undefined) break;
    last = fix;
    const next = segment[index + 1];
    if (next !== undefined) return between(fix, next, atMs);
  }
  if (last === null) return null;
  return { ...plain(last), inGap: atMs - Date.parse(last.observed_at) > track.gap_s * 1000 };
}

/** The index of the last fix at or before the instant. */
function lastBefore(fixes: readonly Fix[], atMs: number): number {
  let low = 0;
  let high = fixes.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Date.parse(fixes[middle]?.observed_at ?? "") <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function between(fix: Fix, next: Fix, atMs: number): Seen {
  if (next.outlier || fix.outlier) return { ...plain(fix), inGap: false };
  const fromMs = Date.parse(fix.observed_at);
  const share = (atMs - fromMs) / Math.max(1, Date.parse(next.observed_at) - fromMs);
  return {
    ...plain(fix),
    lon: fix.lon + (next.lon - fix.lon) * share,
    lat: fix.lat + (next.lat - fix.lat) * share,
    inGap: false,
  };
}

function plain(fix: Fix): Omit<Seen, "inGap"> {
  return { lon: fix.lon, lat: fix.lat, speedKmh: fix.speed_kmh, headingDeg: fix.heading_deg, loadKg: fix.load_kg };
}
