/** The part of the day that the timeline shows: zoomed and moved, never beyond the day. */
import { computed, effect, signal } from "@preact/signals";

import { viewedDay } from "../state/cursor";
import type { Span } from "../panels/time-span";
import { timelinePlan } from "./rows";
import { panned, zoomed } from "./span";

const DAY_MS = 24 * 3_600_000;

/** What was chosen by zooming; null shows all of the day's work. */
const chosen = signal<Span | null>(null);

/** The whole hours of the day's plan, or the whole day. */
const whole = computed<Span>(() => {
  const day = viewedDay.value ?? { fromMs: 0, toMs: DAY_MS };
  const routes = timelinePlan.value?.routes ?? [];
  const ends = routes.flatMap((route) => [route.stops[0]?.arrive_at, route.stops.at(-1)?.depart_at]);
  const instants = ends.filter((end) => end !== undefined).map((end) => Date.parse(end));
  return { fromMs: Math.min(day.fromMs, ...instants), toMs: Math.max(day.toMs, ...instants) };
});

export const shownSpan = computed(() => chosen.value ?? whole.value);

/** Show a part `factor` times as long, with the instant `aroundMs` where it is. */
export function zoom(factor: number, aroundMs: number): void {
  show(zoomed(shownSpan.peek(), whole.peek(), factor, aroundMs));
}

/** Move what is shown by a share of its length. */
export function pan(share: number): void {
  show(panned(shownSpan.peek(), whole.peek(), share));
}

/** Show all of the day's work. */
export function showWhole(): void {
  chosen.value = null;
}

/** Move what is shown so that an instant is in it. */
export function bringIntoView(atMs: number): void {
  const { fromMs, toMs } = shownSpan.peek();
  if (atMs < fromMs || atMs > toMs) pan((atMs - fromMs) / (toMs - fromMs) - 0.5);
}

function show(span: Span): void {
  chosen.value = span;
}

/** Another day is shown whole; returns what stops this. */
export function followDay(): () => void {
  return effect(() => {
    if (viewedDay.value !== null) showWhole();
  });
}
