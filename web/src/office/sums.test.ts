/** A month's rate is that of its counts, not the mean of its days' rates. */
import { expect, test } from "vitest";

import { byDay, byGroup, monthStart, sumOf, type DayFigures } from "./sums";

const figures = (date: string, key: string, due: number, cleared: number, kg = 0): DayFigures => ({
  date,
  key,
  due,
  cleared,
  pending: 0,
  missed: due - cleared,
  clearance_rate: due === 0 ? null : cleared / due,
  expected_kg: due * 100,
  tipped_kg: kg,
  received_kg: kg / 2,
  collection_rate: null,
  treatment_rate: null,
});

const MONTH = [
  figures("2026-11-01", "Z1", 100, 100, 9000),
  figures("2026-11-02", "Z1", 10, 5, 1000),
  figures("2026-11-01", "Z2", 0, 0),
  figures("2026-11-02", "Z2", 10, 4),
];

test("rates are those of the sums", () => {
  const sum = sumOf(MONTH.slice(0, 2));
  expect(sum.clearanceRate).toBeCloseTo(105 / 110);
  expect(sum.collectionRate).toBeCloseTo(10000 / 11000);
  expect(sum.treatmentRate).toBe(0.5);
  expect([sum.receivedKg, sum.tippedKg, sum.expectedKg]).toEqual([5000, 10000, 11000]);
});

test("what had nothing due has no rate", () => {
  expect(sumOf([]).clearanceRate).toBeNull();
});

test("groups come the worst of the day first, each beside its month", () => {
  const groups = byGroup(MONTH, "2026-11-02");
  expect(groups.map((group) => group.key)).toEqual(["Z2", "Z1"]);
  expect(groups[1]?.day.missed).toBe(5);
  expect(groups[1]?.month.due).toBe(110);
});

test("days are summed over their groups, in their order", () => {
  expect(byDay(MONTH.toReversed()).map(({ date, sum }) => [date, sum.due])).toEqual([
    ["2026-11-01", 100],
    ["2026-11-02", 20],
  ]);
});

test("a month begins on its first", () => expect(monthStart("2026-11-22")).toBe("2026-11-01"));
