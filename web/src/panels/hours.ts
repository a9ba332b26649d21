/** The hours of a service day in their order, each with what was collected by its end of all that the day expects. */
import type { ClearanceFigures } from "../api/types";
import { HOUR_MS } from "../format/service-day";

export interface HourFigures extends ClearanceFigures {
  /** Kg tipped since the day began over the kg that the whole day expects; null where the hour is yet to come. */
  collected_by_then: number | null;
}

/**
 * Put a day's hours in the order in which they pass, from the one in which the day starts (local HH:MM).
 *
 * What is tipped within an hour was expected in those before it, so an hour has no collection rate of its own; the
 * last one's share is the day's. `passedMs` is how much of the day has passed.
 */
export function hoursInOrder(
  rows: readonly ClearanceFigures[],
  dayStart: string,
  passedMs: number,
): readonly HourFigures[] {
  const [first = 0, minutes = 0] = dayStart.split(":").map(Number);
  const numberOf = (row: ClearanceFigures) => (parseInt(row.key, 10) - first + 24) % 24;
  const expectedKg = rows.reduce((sum, row) => sum + (row.expected_kg ?? 0), 0);
  let tippedKg = 0;
  return [...rows]
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((row) => {
      tippedKg += row.tipped_kg ?? 0;
      const hasBegun = numberOf(row) * HOUR_MS < passedMs + minutes * 60_000;
      return { ...row, collected_by_then: hasBegun && expectedKg > 0 ? tippedKg / expectedKg : null };
    });
}
