/** A slow machine is found out within a movement, is believed for some, and is then tried again. */
import { expect, test } from "vitest";

import { JUDGED_FRAMES, MOST_LIGHT_MOVEMENTS, Pace, SLOW_FRAME_MS } from "./pace";

/** A movement of frames of a length each; tells at which it became light: 0 from the start, null never. */
function move(pace: Pace, framesMs: readonly number[]): number | null {
  if (pace.begins()) return 0;
  const at = framesMs.findIndex((each) => pace.passed(each));
  return at < 0 ? null : at + 1;
}

const frames = (count: number, ms: number) => Array.from({ length: count }, () => ms);
const SLOW = frames(20, SLOW_FRAME_MS + 60);
const FAST = frames(20, 17);

test.each([
  ["a fast machine draws all", FAST, null],
  ["at the limit is not slow", frames(20, SLOW_FRAME_MS), null],
  ["a slow one is found out after some frames", SLOW, JUDGED_FRAMES],
  ["too few frames tell nothing", frames(JUDGED_FRAMES - 1, 500), null],
  ["a single long frame is no slow machine", [17, 17, 17, 900, 17, 17, 17, 17], null],
  ["a movement that becomes slow is found out by its last frames", [...FAST, ...SLOW], 20 + (JUDGED_FRAMES + 1) / 2],
])("%s", (_, framesMs, expected) => {
  expect(move(new Pace(), framesMs)).toBe(expected);
});

test("a movement that is light stays so to its end", () => {
  const pace = new Pace();
  move(pace, SLOW);
  expect(FAST.every((each) => pace.passed(each))).toBe(true);
});

test("a machine that stays slow is tried again after 1, 2, 4 … movements, and never more seldom than it should be", () => {
  const pace = new Pace();
  const lights: number[] = [];
  let light = 0;
  for (let number = 0; number < 104; number++) {
    if (move(pace, SLOW) === 0) light += 1;
    else {
      lights.push(light);
      light = 0;
    }
  }
  expect(lights).toEqual([0, 1, 2, 4, 8, 16, MOST_LIGHT_MOVEMENTS, MOST_LIGHT_MOVEMENTS]);
});

test("a machine that was busy for a moment draws all again from the next but one, and starts anew", () => {
  const pace = new Pace();
  const seen = [SLOW, FAST, FAST, FAST, SLOW, FAST, FAST].map((framesMs) => move(pace, framesMs));
  expect(seen).toEqual([JUDGED_FRAMES, 0, null, null, JUDGED_FRAMES, 0, null]);
});
