/** How ratios and durations are read. */
import { beforeEach, expect, test } from "vitest";

import { language } from "../i18n/catalogue";
import { showDuration, showRatio } from "./show";

beforeEach(() => {
  language.value = "en";
});

test.each([
  [0.9812, "98.1%"],
  [1, "100.0%"],
  // One point of thousands is missing: it must not read as all.
  [0.9999, "99.9%"],
  [null, "—"],
])("the ratio %s shows as %s", (ratio, shown) => {
  expect(showRatio(ratio)).toBe(shown);
});

test.each([
  [12, "12 s"],
  [600, "10 min"],
  [9000, "2.5 h"],
  [15_055_560, "174 days"],
  // A fix that is newer than the page's clock is not negative.
  [-3, "0 s"],
])("%s seconds show as %s", (seconds, shown) => {
  expect(showDuration(seconds)).toBe(shown);
});
