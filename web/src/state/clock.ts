/** The town and its clock: now is what the town's clock shows, never the browser's. */
import { computed, signal } from "@preact/signals";

import type { Clock, Town } from "../api/types";
import { DAY_MS, serviceDateAt, serviceDayStartMs } from "../format/service-day";
import { chosenDate } from "./address";

export const town = signal<Town | null>(null);

interface RunningClock {
  speed: number;
  simulated: boolean;
  /** What the clock showed in epoch milliseconds when the browser's read `takenAtMs`. */
  shownMs: number;
  takenAtMs: number;
}

export const clock = signal<RunningClock>({
  speed: 1,
  simulated: false,
  shownMs: Date.now(),
  takenAtMs: Date.now(),
});

/** The town's now in epoch milliseconds, renewed each second for what only needs that. */
export const nowMs = signal(Date.now());

/** Set the clock to what the API says it shows. */
export function setClock(answer: Clock): void {
  clock.value = {
    speed: answer.speed,
    simulated: answer.simulated,
    shownMs: Date.parse(answer.now),
    takenAtMs: Date.now(),
  };
  nowMs.value = townNowMs();
}

/** What the town's clock shows this very moment, in epoch milliseconds. */
export function townNowMs(): number {
  const { shownMs, takenAtMs, speed } = clock.peek();
  return shownMs + (Date.now() - takenAtMs) * speed;
}

/** Renew `nowMs` each second; returns what stops it. */
export function runClock(): () => void {
  const timer = setInterval(() => (nowMs.value = townNowMs()), 1000);
  return () => clearInterval(timer);
}

/** The service day that is running in the town. */
export const today = computed(() => {
  const known = town.value;
  return known === null ? "" : serviceDateAt(nowMs.value, known.day_start, known.timezone);
});

/** The service day that the page looks at. */
export const viewedDate = computed(() => chosenDate.value ?? today.value);

/** What of the service day `date` has passed by the town's clock; null before it begins. */
export function passedOf(date: string): { start: Date; end: Date } | null {
  const known = town.peek();
  if (known === null) return null;
  const startMs = serviceDayStartMs(date, known.day_start, known.timezone);
  const endMs = Math.min(startMs + DAY_MS, townNowMs());
  return endMs <= startMs ? null : { start: new Date(startMs), end: new Date(endMs) };
}
