/** The instant that timeline and map look at together: under the mouse, or pinned while a day is replayed. */
import { computed, effect, signal } from "@preact/signals";

import type { Instant } from "../api/types";
import { DAY_MS, serviceDayStartMs } from "../format/service-day";
import { panel, replayedAt } from "./address";
import { nowMs, town, viewedDate } from "./clock";

/** The instant that map and timeline are held at; null is now. */
export const replayMs = signal<number | null>(null);
export const isReplaying = computed(() => replayMs.value !== null);
/** The truck and instant under the mouse or the keyboard's cursor in the timeline. */
export const pointed = signal<{ vehicleId: string; atMs: number } | null>(null);

/** Town seconds that pass in one second of a replay. */
export const REPLAY_SPEEDS = [30, 120, 600] as const;
export const replaySpeed = signal<number>(120);
export const isPlaying = signal(false);

/** The service day looked at, in epoch milliseconds; null before the town is known. */
export const viewedDay = computed<{ fromMs: number; toMs: number } | null>(() => {
  const known = town.value;
  if (known === null || viewedDate.value === "") return null;
  const fromMs = serviceDayStartMs(viewedDate.value, known.day_start, known.timezone);
  return { fromMs, toMs: fromMs + DAY_MS };
});

/** The last instant of the day looked at that has passed. */
export const passedUntilMs = computed(() => Math.min(viewedDay.value?.toMs ?? 0, nowMs.value));

/** Hold map and timeline at an instant of the day looked at. */
export function replayAt(atMs: number): void {
  const day = viewedDay.peek();
  if (day !== null) replayMs.value = Math.min(Math.max(atMs, day.fromMs), passedUntilMs.peek());
}

/** Back to now. */
export function endReplay(): void {
  isPlaying.value = false;
  replayMs.value = null;
}

/** Begin, or go on with, the replay; at the end of what has passed it begins anew. */
export function togglePlaying(): void {
  const day = viewedDay.peek();
  if (day === null) return;
  if (!isPlaying.value && (replayMs.value === null || replayMs.value >= passedUntilMs.value)) replayAt(day.fromMs);
  isPlaying.value = !isPlaying.value;
}

/**
 * Move the replay on while it plays, and keep the address at its instant whenever it stands; another day, or a closed
 * timeline, ends it. Returns what stops this.
 */
export function followReplay(): () => void {
  let frame = 0;
  let seenMs: number | null = null;
  const step = (browserMs: number) => {
    const atMs = replayMs.peek();
    if (atMs !== null && seenMs !== null) {
      replayAt(atMs + (browserMs - seenMs) * replaySpeed.peek());
      if ((replayMs.peek() ?? 0) >= passedUntilMs.peek()) isPlaying.value = false;
    }
    seenMs = browserMs;
    if (isPlaying.peek()) frame = requestAnimationFrame(step);
  };
  const endings = [
    effect(() => {
      seenMs = null;
      if (isPlaying.value) frame = requestAnimationFrame(step);
      return () => cancelAnimationFrame(frame);
    }),
    effect(() => {
      const atMs = replayedAt.value === null ? null : Date.parse(replayedAt.value);
      if (isPlaying.peek() || secondOf(atMs) === secondOf(replayMs.peek())) return;
      replayMs.value = atMs;
    }),
    effect(() => {
      if (!isPlaying.value) replayedAt.value = secondOf(replayMs.value);
    }),
    effect(() => {
      const [day, atMs] = [viewedDay.value, replayMs.value];
      if (day !== null && atMs !== null && (atMs < day.fromMs || atMs > day.toMs)) endReplay();
    }),
    effect(() => {
      if (panel.value !== "timeline") endReplay();
    }),
  ];
  return () => endings.forEach((end) => end());
}

/** An instant to the second, as an address has it. */
function secondOf(atMs: number | null): Instant | null {
  return atMs === null ? null : `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
