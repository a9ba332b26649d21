/** Bulletins are named as the API names them, also about New Year. */
import { expect, test } from "vitest";

import { periodName } from "./periods";

test.each([
  ["2026-11-22", "2026-W47"], // a Sunday ends its week
  ["2026-11-23", "2026-W48"],
  ["2027-01-01", "2026-W53"], // its Thursday lies in the old year
  ["2025-12-29", "2026-W01"], // and here in the new one
])("%s is in the week %s", (day, week) => {
  expect(periodName("week", day)).toBe(week);
});

test("a day and a month are named by the calendar", () => {
  expect(["day", "month"].map((kind) => periodName(kind as "day" | "month", "2026-11-22"))).toEqual([
    "2026-11-22",
    "2026-11",
  ]);
});
