/** Parts of a day: zoomed and moved within the whole, and the instants to write along them. */
import type { Span } from "../panels/time-span";

const LEAST_SPAN_MS = 30 * 60_000;
const HALF_DAY_MS = 12 * 3_600_000;
const MARK_STEPS_MS = [5, 10, 30, 60, 120, 180, 360].map((minutes) => minutes * 60_000);

/** A part `factor` times as long, with the instant `aroundMs` where it is; never beyond the whole. */
export function zoomed(span: Span, whole: Span, factor: number, aroundMs: number): Span {
  const lengthMs = Math.max((span.toMs - span.fromMs) * factor, LEAST_SPAN_MS);
  const share = (aroundMs - span.fromMs) / (span.toMs - span.fromMs);
  return within(whole, aroundMs - lengthMs * share, lengthMs);
}

/** The part moved by a share of its length, up to the ends of the whole. */
export function panned(span: Span, whole: Span, share: number): Span {
  const lengthMs = span.toMs - span.fromMs;
  return within(whole, span.fromMs + lengthMs * share, lengthMs);
}

function within(whole: Span, fromMs: number, lengthMs: number): Span {
  if (lengthMs >= whole.toMs - whole.fromMs) return whole;
  const from = Math.min(Math.max(fromMs, whole.fromMs), whole.toMs - lengthMs);
  return { fromMs: from, toMs: from + lengthMs };
}

/** Instants to write along the axis, about `most` at the most. */
export function marksOf({ fromMs, toMs }: Span, most: number): number[] {
  const step = MARK_STEPS_MS.find((each) => (toMs - fromMs) / each <= most) ?? HALF_DAY_MS;
  const first = Math.ceil(fromMs / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((toMs - first) / step) + 1) }, (_, index) => first + index * step);
}
