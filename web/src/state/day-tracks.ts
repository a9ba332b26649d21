/** The tracks of the day looked at, fetched for the trucks that somebody looks at, a few at a time. */
import { signal } from "@preact/signals";

import { fetchTrack } from "../api/endpoints";
import { ApiProblem } from "../api/problem";
import type { Fix, Track } from "../api/types";
import { passedOf, today, viewedDate } from "./clock";

/** Tracks by vehicle; all of one day. */
export const dayTracks = signal<ReadonlyMap<string, Track>>(new Map());

const AT_ONCE = 2;
/** A track of today is continued when it is older than this (the browser's time). */
const REFRESH_MS = 20_000;
/** A day's tracks of so many trucks are kept; the longest unused go first. */
const KEPT = 80;

let date = "";
let wanted: string[] = [];
const fetchedAtMs = new Map<string, number>();
const running = new Set<string>();

/** Say whose tracks are looked at, the most important first; those of before are dropped from the queue. */
export function wantTracks(vehicleIds: readonly string[]): void {
  if (viewedDate.peek() !== date) {
    date = viewedDate.peek();
    dayTracks.value = new Map();
    fetchedAtMs.clear();
    running.clear();
  }
  wanted = vehicleIds.filter(isDue);
  fetchNext();
}

function isDue(vehicleId: string): boolean {
  const atMs = fetchedAtMs.get(vehicleId);
  if (running.has(vehicleId)) return false;
  return atMs === undefined || (date === today.peek() && performance.now() - atMs > REFRESH_MS);
}

function fetchNext(): void {
  while (running.size < AT_ONCE) {
    const vehicleId = wanted.shift();
    if (vehicleId === undefined) return;
    running.add(vehicleId);
    void fetchOne(vehicleId, date);
  }
}

async function fetchOne(vehicleId: string, of: string): Promise<void> {
  const known = dayTracks.peek().get(vehicleId);
  const passed = passedOf(of);
  try {
    if (passed !== null) {
      const last = known?.segments.at(-1)?.at(-1);
      const start = last === undefined ? passed.start : new Date(last.observed_at);
      const track = await fetchTrack(vehicleId, start, passed.end);
      if (of === date) keep(vehicleId, known === undefined ? track : continued(known, track));
    }
  } catch (problem) {
    // Without its track a truck has the bars of its visits; it is asked for again with the next look.
    if (!(problem instanceof ApiProblem)) throw problem;
  }
  if (of !== date) return;
  running.delete(vehicleId);
  fetchedAtMs.set(vehicleId, performance.now());
  fetchNext();
}

function keep(vehicleId: string, track: Track): void {
  const tracks = new Map(dayTracks.peek());
  tracks.delete(vehicleId);
  tracks.set(vehicleId, track);
  for (const oldest of tracks.keys()) {
    if (tracks.size <= KEPT) break;
    tracks.delete(oldest);
    fetchedAtMs.delete(oldest);
  }
  dayTracks.value = tracks;
}

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
