/** The part of the day that the timeline shows: zoomed and moved, never beyond the day. */
import { computed, effect, signal } from "@preact/signals";

import { viewedDay } from "../state/cursor";
import { timelinePlan } from "./rows";

const LEAST_SPAN_MS = 30 * 60_000;
const HOUR_MS = 3_600_000;
const MARK_STEPS_MS = [5, 10, 30, 60, 120, 180, 360].map((minutes) => minutes * 60_000);

/** What was chosen by zooming; null shows all of the day's work. */
const chosen = signal<{ fromMs: number; toMs: number } | null>(null);

/** The whole hours of the day's plan, or the whole day. */
const whole = computed(() => {
  const day = viewedDay.value ?? { fromMs: 0, toMs: 24 * HOUR_MS };
  const routes = timelinePlan.value?.routes ?? [];
  const ends = routes.flatMap((route) => [route.stops[0]?.arrive_at, route.stops.at(-1)?.depart_at]);
  const instants = ends.filter((end) => end !== undefined).map((end) => Date.parse(end));
  return { fromMs: Math.min(day.fromMs, ...instants), toMs: Math.max(day.toMs, ...instants) };
});

export const shownSpan = computed(() => chosen.value ?? whole.value);

/** Show a part `factor` times as long, with the instant `aroundMs` where it is. */
export function zoom(factor: number, aroundMs: number): void {
  const { fromMs, toMs } = shownSpan.peek();
  const spanMs = Math.max((toMs - fromMs) * factor, LEAST_SPAN_MS);
  const share = (aroundMs - fromMs) / (toMs - fromMs);
  show(aroundMs - spanMs * share, spanMs);
}

/** Move what is shown by a share of its length. */
export function pan(share: number): void {
  const { fromMs, toMs } = shownSpan.peek();
  show(fromMs + (toMs - fromMs) * share, toMs - fromMs);
}

/** Show all of the day's work. */
export function showWhole(): void {
  chosen.value = null;
}

/** Move what is shown so that an instant is in it. */
export function bringIntoView(atMs: number): void {
  const { fromMs, toMs } = shownSpan.peek();
  if (atMs < fromMs || atMs > toMs) show(atMs - (toMs - fromMs) / 2, toMs - fromMs);
}

function show(fromMs: number, spanMs: number): void {
  const all = whole.peek();
  if (spanMs >= all.toMs - all.fromMs) return showWhole();
  const from = Math.min(Math.max(fromMs, all.fromMs), all.toMs - spanMs);
  chosen.value = { fromMs: from, toMs: from + spanMs };
}

/** Another day is shown whole; returns what stops this. */
export function followDay(): () => void {
  return effect(() => {
    if (viewedDay.value !== null) showWhole();
  });
}

/** Instants to write along the axis, `most` at the most. */
export function marksOf({ fromMs, toMs }: { fromMs: number; toMs: number }, most: number): number[] {
  const step = MARK_STEPS_MS.find((each) => (toMs - fromMs) / each <= most) ?? 12 * HOUR_MS;
  const first = Math.ceil(fromMs / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((toMs - first) / step) + 1) }, (_, index) => first + index * step);
}
