/** Service days by the town's own midnight and day start. */
import { expect, test } from "vitest";

import { addDays, serviceDateAt, serviceDayStartMs } from "./service-day";

test.each([
  // Local 03:59 still belongs to the day before.
  ["2026-11-21T19:59:59Z", "Asia/Shanghai", "2026-11-21"],
  ["2026-11-21T20:00:00Z", "Asia/Shanghai", "2026-11-22"],
  ["2026-11-22T16:30:00Z", "Asia/Shanghai", "2026-11-22"],
  ["2026-12-31T21:00:00Z", "Asia/Shanghai", "2027-01-01"],
  ["2026-11-22T03:59:00Z", "UTC", "2026-11-21"],
])("the instant %s in %s belongs to the service day %s", (instant, zone, date) => {
  expect(serviceDateAt(Date.parse(instant), "04:00", zone)).toBe(date);
});

test.each([
  ["2026-11-22", "Asia/Shanghai", "2026-11-21T20:00:00.000Z"],
  // The clocks of Berlin go back at 03:00 of this day, so 04:00 is after the change.
  ["2026-10-25", "Europe/Berlin", "2026-10-25T03:00:00.000Z"],
  ["2026-10-24", "Europe/Berlin", "2026-10-24T02:00:00.000Z"],
])("the service day %s in %s begins at %s", (date, zone, instant) => {
  expect(new Date(serviceDayStartMs(date, "04:00", zone)).toISOString()).toBe(instant);
});

test("days are added over the ends of months", () => {
  expect(addDays("2026-02-28", 1)).toBe("2026-03-01");
  expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
});
