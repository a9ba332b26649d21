/** A day's hours in the order they pass; what was collected adds up to the day's rate. */
import { expect, test } from "vitest";

import type { ClearanceFigures } from "../api/types";
import { DAY_MS, HOUR_MS } from "../format/service-day";
import { hoursInOrder } from "./hours";

const hour = (key: string, expectedKg: number, tippedKg: number): ClearanceFigures => ({
  key,
  due: 1,
  cleared: 1,
  pending: 0,
  missed: 0,
  clearance_rate: 1,
  expected_kg: expectedKg,
  tipped_kg: tippedKg,
  collection_rate: expectedKg > 0 ? tippedKg / expectedKg : null,
  treatment_rate: null,
});

// Trucks fill up for two hours and tip in the third, six times what that hour itself expects; the night's comes last.
const DAY = [hour("00:00", 0, 200), hour("04:00", 500, 0), hour("05:00", 400, 0), hour("06:00", 100, 600)];

test.each([
  ["a day that is over", "04:00", DAY_MS, [0, 0, 0.6, 0.8]],
  ["a day of which two hours have begun", "04:00", 2 * HOUR_MS, [0, 0, null, null]],
  // From half past four, so that the third clock hour begins after an hour and a half.
  ["a day that starts within an hour", "04:30", 1.6 * HOUR_MS, [0, 0, 0.6, null]],
  ["a day to come", "04:00", 0, [null, null, null, null]],
])("%s", (_, dayStart, passedMs, shares) => {
  const hours = hoursInOrder(DAY, dayStart, passedMs);
  expect(hours.map((row) => row.key)).toEqual(["04:00", "05:00", "06:00", "00:00"]);
  expect(hours.map((row) => row.collected_by_then)).toEqual(shares);
});

test("a day that expects nothing has no share", () => {
  expect(hoursInOrder([hour("04:00", 0, 50)], "04:30", DAY_MS)[0]?.collected_by_then).toBeNull();
});
