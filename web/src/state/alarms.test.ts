/** Alarms as the stream and the API tell of them, in whatever order that arrives. */
import { expect, test } from "vitest";

import type { Alarm } from "../api/types";
import { alarmStateOf, passesFilter, refreshed, withAlarms, type AlarmFilter } from "./alarms";

const RAISED: Omit<Alarm, "id"> = {
  kind: "device_silent",
  subject_kind: "vehicle",
  subject_id: "V01",
  raised_at: "2026-11-22T04:00:00Z",
  cleared_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
  detail: {},
};
const SEEN = { acknowledged_at: "2026-11-22T04:05:00Z", acknowledged_by: "li" };
const CLEARED = { cleared_at: "2026-11-22T04:10:00Z" };

const alarm = (id: number, ...changes: Partial<Alarm>[]): Alarm =>
  Object.assign({ id, ...RAISED }, ...changes) as Alarm;
const idsOf = (alarms: readonly Alarm[]) => alarms.map((each) => each.id);

test("what is raised comes first, and once", () => {
  expect(idsOf(withAlarms([alarm(2), alarm(1)], [alarm(3), alarm(3), alarm(2)]))).toEqual([3, 2, 1]);
});

test.each([
  ["in their order", [alarm(1), alarm(1, SEEN), alarm(1, SEEN, CLEARED)]],
  ["the newest first", [alarm(1, SEEN, CLEARED), alarm(1, SEEN), alarm(1)]],
  // Told by two servers' answers of which neither knows the other's change.
  ["apart", [alarm(1, CLEARED), alarm(1, SEEN)]],
] as const)("changes that arrive %s end the same", (_, news) => {
  expect(withAlarms([], news)).toEqual([alarm(1, SEEN, CLEARED)]);
});

test("an old alarm is kept while it is open", () => {
  const many = [alarm(5), alarm(4, CLEARED), alarm(3, CLEARED), alarm(2), alarm(1, CLEARED)];
  expect(idsOf(withAlarms([], many, 2))).toEqual([5, 4, 2]);
});

test("fetching anew drops what is no longer told of, and keeps what came meanwhile", () => {
  const known = [alarm(9), alarm(8, CLEARED), alarm(2)];
  const after = refreshed([alarm(8), alarm(7, CLEARED)], known);
  expect(after).toEqual([alarm(9), alarm(8, CLEARED), alarm(7, CLEARED)]);
  expect(refreshed([], [])).toEqual([]);
});

test.each([
  [[], "open", ["open", "all"]],
  [[SEEN], "acknowledged", ["open", "acknowledged", "all"]],
  [[CLEARED], "cleared", ["all"]],
  [[SEEN, CLEARED], "cleared", ["acknowledged", "all"]],
] as const)("an alarm after %j is %s and shown under %j", (changes, state, filters) => {
  const one = alarm(1, ...changes);
  const names: AlarmFilter[] = ["open", "acknowledged", "all"];
  expect(alarmStateOf(one)).toBe(state);
  expect(names.filter((name) => passesFilter(one, name))).toEqual(filters);
});
