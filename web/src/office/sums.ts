/** Sums of clearance figures over days or groups: rates are of the summed counts, never means of rates. */
import type { ClearanceFigures, ServiceDate } from "../api/types";

/** Figures of one group with the weights that rates are made of. */
export interface DayFigures extends ClearanceFigures {
  date: ServiceDate;
  received_kg: number;
}

export interface Sum {
  due: number;
  cleared: number;
  missed: number;
  pending: number;
  expectedKg: number;
  tippedKg: number;
  receivedKg: number;
  clearanceRate: number | null;
  collectionRate: number | null;
  treatmentRate: number | null;
}

/** Add figures up. */
export function sumOf(figures: readonly DayFigures[]): Sum {
  const total = (value: (of: DayFigures) => number | null) =>
    figures.reduce((sum, figure) => sum + (value(figure) ?? 0), 0);
  const due = total((of) => of.due);
  const cleared = total((of) => of.cleared);
  const expectedKg = total((of) => of.expected_kg);
  const tippedKg = total((of) => of.tipped_kg);
  const receivedKg = total((of) => of.received_kg);
  return {
    due,
    cleared,
    missed: total((of) => of.missed),
    pending: total((of) => of.pending),
    expectedKg,
    tippedKg,
    receivedKg,
    clearanceRate: ratio(cleared, due),
    collectionRate: ratio(tippedKg, expectedKg),
    treatmentRate: ratio(receivedKg, tippedKg),
  };
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

export interface GroupSum {
  key: string;
  day: Sum;
  month: Sum;
}

/** Each group's figures of a day beside those of all days given; the worst of the day first. */
export function byGroup(figures: readonly DayFigures[], day: ServiceDate): GroupSum[] {
  const groups = grouped(figures, (figure) => figure.key);
  const sums = [...groups].map(([key, own]) => ({
    key,
    day: sumOf(own.filter((figure) => figure.date === day)),
    month: sumOf(own),
  }));
  return sums.sort((a, b) => worst(a) - worst(b) || b.month.due - a.month.due || a.key.localeCompare(b.key));
}

function grouped(figures: readonly DayFigures[], keyOf: (figure: DayFigures) => string): Map<string, DayFigures[]> {
  const groups = new Map<string, DayFigures[]>();
  for (const figure of figures) {
    const known = groups.get(keyOf(figure));
    if (known === undefined) groups.set(keyOf(figure), [figure]);
    else known.push(figure);
  }
  return groups;
}

/** A group without anything due comes last. */
const worst = (of: GroupSum) => of.day.clearanceRate ?? of.month.clearanceRate ?? 2;

/** The figures of each day, summed over groups, in the days' order. */
export function byDay(figures: readonly DayFigures[]): { date: ServiceDate; sum: Sum }[] {
  return [...grouped(figures, (figure) => figure.date)]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([date, own]) => ({ date, sum: sumOf(own) }));
}

/** The first day of a service day's month. */
export const monthStart = (day: ServiceDate): ServiceDate => `${day.slice(0, 8)}01`;
