/** Acknowledging alarms: which are on their way, and what went wrong. */
import { signal } from "@preact/signals";

import { acknowledgeAlarm } from "../api/endpoints";
import { sentenceOf } from "../api/problem";
import { alarms, withAlarms } from "./alarms";

/** The alarms that are being acknowledged. */
export const acknowledging = signal<ReadonlySet<number>>(new Set());
/** What the newest acknowledgement answered, where it was an error. */
export const acknowledgeProblem = signal<string | null>(null);

/** Note that the signed-in person has seen an alarm; tell whether that was kept. */
export async function acknowledge(alarmId: number): Promise<boolean> {
  if (acknowledging.value.has(alarmId)) return false;
  acknowledging.value = new Set([...acknowledging.value, alarmId]);
  acknowledgeProblem.value = null;
  try {
    const alarm = await acknowledgeAlarm(alarmId);
    alarms.value.value = withAlarms(alarms.value.value, [alarm]);
    return true;
  } catch (problem) {
    acknowledgeProblem.value = sentenceOf(problem);
    return false;
  } finally {
    acknowledging.value = new Set([...acknowledging.value].filter((id) => id !== alarmId));
  }
}
