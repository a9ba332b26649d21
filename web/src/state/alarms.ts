/** The alarms, kept current by the live stream: all that are open, and the newest of those that have cleared. */
import { computed } from "@preact/signals";

import type { Alarm } from "../api/types";
import type { SelectionKind } from "./address";
import { loaded } from "./loading";

/** So many of the newest are kept, whether open or not. */
export const KEPT_ALARMS = 500;

export type AlarmState = "open" | "acknowledged" | "cleared";
export type AlarmFilter = "open" | "acknowledged" | "all";
export const ALARM_FILTERS: readonly AlarmFilter[] = ["open", "acknowledged", "all"];

/** The newest first. */
export const alarms = loaded<Alarm[]>([]);

/** What an alarm asks of who looks at it: one that is open and acknowledged asks for nothing more. */
export function alarmStateOf(alarm: Alarm): AlarmState {
  if (alarm.cleared_at !== null) return "cleared";
  return alarm.acknowledged_at === null ? "open" : "acknowledged";
}

/** Tell whether a filter of the list shows an alarm. */
export function passesFilter(alarm: Alarm, filter: AlarmFilter): boolean {
  if (filter === "open") return alarm.cleared_at === null;
  return filter === "all" || alarm.acknowledged_at !== null;
}

/**
 * Return the alarms with what is new of them taken in, the newest first: all open ones and the newest `kept`.
 *
 * An alarm is raised, acknowledged and cleared, never the other way: older news takes nothing back.
 */
export function withAlarms(known: readonly Alarm[], news: readonly Alarm[], kept = KEPT_ALARMS): Alarm[] {
  const byId = new Map<number, Alarm>();
  for (const alarm of [...known, ...news]) {
    const before = byId.get(alarm.id);
    byId.set(alarm.id, before === undefined ? alarm : furtherOn(before, alarm));
  }
  return [...byId.values()]
    .sort((one, other) => other.id - one.id)
    .filter((alarm, index) => index < kept || alarm.cleared_at === null);
}

function furtherOn(before: Alarm, alarm: Alarm): Alarm {
  const seen = alarm.acknowledged_at === null ? before : alarm;
  return {
    ...alarm,
    cleared_at: alarm.cleared_at ?? before.cleared_at,
    acknowledged_at: seen.acknowledged_at,
    acknowledged_by: seen.acknowledged_by,
  };
}

/**
 * Return what was fetched, with what the stream has told meanwhile.
 *
 * A known alarm that was not fetched is old and has cleared, unless it was raised after the answer was made.
 */
export function refreshed(fetched: readonly Alarm[], known: readonly Alarm[]): Alarm[] {
  const ids = new Set(fetched.map((alarm) => alarm.id));
  const newestId = Math.max(0, ...ids);
  return withAlarms(
    fetched,
    known.filter((alarm) => ids.has(alarm.id) || alarm.id > newestId),
  );
}

export const openAlarms = computed(() => alarms.value.value.filter((alarm) => alarm.cleared_at === null));
/** How many open alarms nobody has acknowledged. */
export const unseenCount = computed(() => openAlarms.value.filter((alarm) => alarm.acknowledged_at === null).length);

/** What has an open alarm that nobody has acknowledged, each once: its kind and code. */
export const unseenSubjects = computed<readonly (readonly [kind: string, id: string])[]>(() => {
  const subjects = new Map<string, readonly [string, string]>();
  for (const { acknowledged_at, subject_kind, subject_id } of openAlarms.value) {
    if (acknowledged_at === null) subjects.set(`${subject_kind}:${subject_id}`, [subject_kind, subject_id]);
  }
  return [...subjects.values()];
});

/** The open alarms about one asset, the newest first. */
export function openAlarmsOf(kind: SelectionKind, id: string): Alarm[] {
  return openAlarms.value.filter((alarm) => alarm.subject_kind === kind && alarm.subject_id === id);
}

let arrived: Alarm[] = [];
let flush: ReturnType<typeof setTimeout> | undefined;
const FLUSH_MS = 250;

/** Take in an alarm of the live stream. */
export function receiveAlarm(event: Alarm): void {
  arrived.push(event);
  flush ??= setTimeout(() => {
    flush = undefined;
    alarms.value.value = withAlarms(alarms.value.value, arrived);
    arrived = [];
  }, FLUSH_MS);
}
