/** Trucks slide between fixes, jump over gaps, and never go back. */
import { expect, test } from "vitest";

import { FleetMotion } from "./motion";

const fix = (lon: number, secondsPast: number) => ({
  lon,
  lat: 30,
  observed_at: new Date(Date.UTC(2026, 10, 22) + secondsPast * 1000).toISOString(),
  speed_kmh: 20,
  heading_deg: 90,
});

test("a truck appears at its first fix", () => {
  const motion = new FleetMotion();
  expect(motion.shownAt("V1", 0)).toBeNull();
  motion.receive("V1", fix(110, 0), 0);
  expect(motion.shownAt("V1", 0)).toEqual({ position: [110, 30], headingDeg: 90, moving: false });
});

test("half way in time is half way in place", () => {
  const motion = new FleetMotion();
  motion.receive("V1", fix(110, 0), 0);
  motion.receive("V1", fix(112, 10), 1000);
  expect(motion.shownAt("V1", 1000)?.position).toEqual([110, 30]);
  expect(motion.shownAt("V1", 1550)?.position[0]).toBeCloseTo(111);
  expect(motion.shownAt("V1", 9000)).toMatchObject({ position: [112, 30], moving: false });
});

test("nothing is drawn over a gap", () => {
  const motion = new FleetMotion();
  motion.receive("V1", fix(110, 0), 0);
  motion.receive("V1", fix(112, 600), 1000);
  expect(motion.shownAt("V1", 1001)?.position).toEqual([112, 30]);
});

test("a late fix does not move a truck back", () => {
  const motion = new FleetMotion();
  motion.receive("V1", fix(112, 60), 0);
  motion.receive("V1", fix(110, 30), 500);
  expect(motion.shownAt("V1", 5000)?.position).toEqual([112, 30]);
});
