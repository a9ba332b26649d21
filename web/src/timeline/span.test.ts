/** Zooming and moving the timeline within its day. */
import { expect, test } from "vitest";

import type { Span } from "../panels/time-span";
import { marksOf, panned, zoomed } from "./span";

const HOUR_MS = 3_600_000;
const span = (from: number, to: number): Span => ({ fromMs: from * HOUR_MS, toMs: to * HOUR_MS });
const DAY = span(0, 24);

test.each([
  ["in, around the middle", 0.5, 12, span(6, 18)],
  ["in, around its beginning", 0.5, 0, span(0, 12)],
  ["never below half an hour", 0.001, 0, span(0, 0.5)],
  ["never beyond the day", 3, 1, DAY],
])("zooming %s", (_, factor, aroundHour, expected) => {
  expect(zoomed(DAY, DAY, factor, aroundHour * HOUR_MS)).toEqual(expected);
});

test.each([
  ["on", 0.5, span(6, 18)],
  ["up to the end", 9, span(12, 24)],
  ["back to the beginning", -1, span(0, 12)],
])("moving %s", (_, share, expected) => {
  expect(panned(span(0, 12), DAY, share)).toEqual(expected);
});

test.each([
  [24, 8, 3],
  [24, 30, 1],
  [1, 8, 1 / 6],
])("over %d hours with room for %d marks there is one each %d hours", (hours, most, apart) => {
  const marks = marksOf(span(0, hours), most);
  expect(((marks[1] ?? 0) - (marks[0] ?? 0)) / HOUR_MS).toBeCloseTo(apart);
  expect(marks.length).toBeLessThanOrEqual(most + 1);
});
