/** A note that the taking over of a scenario wrote is told from people's. */
import { expect, test } from "vitest";

import { scenarioOfNote } from "./phase-note";

test.each([
  ["scenario 0b6f2f8e-7c1d-4c0e-9a59-0d1d6f0c2a11", "0b6f2f8e-7c1d-4c0e-9a59-0d1d6f0c2a11"],
  ["scenario of the east", null],
  ["see scenario 0b6f2f8e-7c1d-4c0e-9a59-0d1d6f0c2a11", null],
  ["", null],
])("the note %j is of the scenario %j", (note, id) => {
  expect(scenarioOfNote(note)).toBe(id);
});
