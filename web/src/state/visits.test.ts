/** What state a collection point is in, from its due visits. */
import { expect, test } from "vitest";

import type { DueVisit, VisitStatus } from "../api/types";
import { pointStateAt, withVisitEvents } from "./visits";

const NOON_MS = Date.parse("2026-11-22T04:00:00Z");

const visit = (status: VisitStatus, fromHour: number, toHour: number, occurrence = 1): DueVisit => ({
  point_id: "P1",
  service_date: "2026-11-22",
  occurrence,
  due_from: new Date(NOON_MS + (fromHour - 12) * 3_600_000).toISOString(),
  due_to: new Date(NOON_MS + (toHour - 12) * 3_600_000).toISOString(),
  expected_kg: 100,
  status,
  cleared_at: null,
  vehicle_id: null,
  evidence: [],
  reason: null,
  planned_vehicle_id: null,
  planned_at: null,
});

test.each([
  ["not_due", []],
  ["cleared", [visit("cleared", 6, 9)]],
  // The afternoon's visit is still to come.
  ["pending", [visit("cleared", 6, 9), visit("pending", 15, 19, 2)]],
  ["due", [visit("cleared", 6, 9), visit("pending", 11, 14, 2)]],
  // Any time of the day: not urgent while the day runs.
  ["pending", [visit("pending", 4, 28)]],
  // One missed visit is not made good by another.
  ["missed", [visit("missed", 6, 9), visit("cleared", 15, 19, 2)]],
] as const)("at noon the point is %s (%#)", (state, visits) => {
  expect(pointStateAt(visits, NOON_MS)).toBe(state);
});

test("an event changes the due visit it names and no other", () => {
  const before = [visit("pending", 6, 9), visit("pending", 15, 19, 2)];
  const event = { ...visit("cleared", 0, 0, 2), cleared_at: "2026-11-22T08:00:00Z", vehicle_id: "V1" };
  const { point_id, service_date, occurrence, status, cleared_at, vehicle_id, reason } = event;
  const after = withVisitEvents(before, [
    { point_id, service_date, occurrence, status, cleared_at, vehicle_id, reason },
  ]);
  expect(after.map((changed) => changed.status)).toEqual(["pending", "cleared"]);
  expect(after[1]).toMatchObject({ vehicle_id: "V1", due_from: before[1]?.due_from });
});
