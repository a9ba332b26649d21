/** The tracks of the day looked at, fetched for the trucks that somebody looks at, a few at a time. */
import { signal } from "@preact/signals";

import { fetchTrack } from "../api/endpoints";
import { ApiProblem } from "../api/problem";
import type { Track } from "../api/types";
import { continued } from "../timeline/seen";
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
