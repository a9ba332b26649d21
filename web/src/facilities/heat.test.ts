/** Hours of use as a table: what was not told is empty, what is too much is marked. */
import { expect, test } from "vitest";

import type { Utilisation } from "../api/types";
import { attentionOf, heatOf } from "./heat";

const hour = (facilityId: string, at: number, measures: Utilisation["measures"]): Utilisation => ({
  facility_id: facilityId,
  start: `2026-06-01T0${at}:00:00Z`,
  end: `2026-06-01T0${at + 1}:00:00Z`,
  measures,
});

test("a row for each facility that was heard, that with most first", () => {
  const heat = heatOf(
    [
      hour("T1", 1, { uses: 5 }),
      hour("T1", 2, { uses: null }),
      hour("T2", 2, { uses: 50 }),
      hour("T3", 1, { uses: null }),
    ],
    "uses",
  );
  expect(heat.hours.length).toBe(2);
  expect(heat.rows.map((row) => [row.facilityId, row.day, row.cells.map((cell) => cell.step)])).toEqual([
    ["T2", 50, [0, 5]],
    ["T1", 5, [1, 0]],
  ]);
  expect(heat.rows[1]?.cells[1]?.value).toBeNull();
});

test("a ratio is held against 1 and its day is a mean", () => {
  const heat = heatOf([hour("S1", 1, { design_share: 0.2 }), hour("S1", 2, { design_share: 1.2 })], "design_share");
  expect(heat.rows[0]?.day).toBeCloseTo(0.7);
  expect(heat.rows[0]?.cells.map((cell) => cell.isOver)).toEqual([false, true]);
});

test("overload, odour and counters need attention, in this order", () => {
  const stations = [
    hour("S1", 1, { throughput_t: 60 }),
    hour("S1", 2, { throughput_t: 50 }),
    hour("S2", 1, { throughput_t: 9 }),
  ];
  expect(
    attentionOf(
      "stations",
      stations,
      new Map([
        ["S1", 100],
        ["S2", 100],
      ]),
    ),
  ).toEqual([{ facilityId: "S1", what: "overload", amount: 1.1 }]);
  const toilets = [
    hour("T1", 1, { counter: "silent" }),
    hour("T2", 1, { counter: "counting", odour_hours_over_limit: 0.5, minutes_without_free_stall: 4 }),
    hour("T3", 1, { counter: "stuck" }),
  ];
  expect(attentionOf("toilets", toilets, new Map()).map((one) => `${one.facilityId} ${one.what}`)).toEqual([
    "T2 odour",
    "T2 full",
    "T3 stuck",
    "T1 silent",
  ]);
});
