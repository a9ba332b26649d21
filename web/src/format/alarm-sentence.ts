/** What an alarm says, as a sentence of the office: what happened, and the figure against its limit. */
import type { Alarm } from "../api/types";
import { t, tWord } from "../i18n/catalogue";
import { isServer } from "../state/address";
import { truckName } from "../state/fleet";
import { facilityName, pointName, zoneName } from "../state/register";
import { showDuration, showMoment, showNumber, showRatio } from "./show";

type Teller = (detail: Alarm["detail"], atMs: number) => string;

/** So many of the points that a truck is late for are named in its sentence; its card has all. */
const NAMED_POINTS = 3;

const TELLERS: Readonly<Record<string, Teller>> = {
  container_overfull: (detail) =>
    t("alarmSays.overfull", {
      fill: showRatio(numberIn(detail, "fill_ratio")),
      limit: showRatio(numberIn(detail, "limit")),
    }),
  device_silent: (detail, atMs) => {
    const last = textIn(detail, "last_heard_at");
    const values = {
      time: showMoment(last, atMs),
      silence: durationOf(last === null ? null : (atMs - Date.parse(last)) / 1000),
      limit: durationOf(numberIn(detail, "limit_min"), 60),
    };
    const silent = listIn(detail, "silent_devices");
    const all = numberIn(detail, "devices") ?? silent.length;
    if (silent.length === all) return t("alarmSays.silent", values);
    return t("alarmSays.silentOfSeveral", { ...values, count: silent.length, all, names: silent.join(", ") });
  },
  station_over_capacity: (detail) =>
    t("alarmSays.overCapacity", {
      received: showNumber(numberIn(detail, "throughput_t"), 2),
      design: showNumber(numberIn(detail, "design_t_per_day"), 2),
    }),
  toilet_odour: (detail) => {
    const gas = "h2s_mg_m3" in detail ? "h2s_mg_m3" : "nh3_mg_m3";
    const limit = numberIn(detail, "limit");
    // What is barely over its limit must not read as equal to it.
    const digits = limit !== null && limit < 0.1 ? 4 : 3;
    return t("alarmSays.odour", {
      gas: t(`gas.${gas}`),
      value: showNumber(numberIn(detail, gas), digits),
      limit: showNumber(limit, digits),
    });
  },
  due_visit_at_risk: (detail, atMs) => {
    const lateMin = numberIn(detail, "late_min") ?? 0;
    const names = listIn(detail, "visits").map((visit) =>
      pointName(textIn(visit as Alarm["detail"], "point_id") ?? ""),
    );
    const values = {
      count: showNumber(numberIn(detail, "count")),
      points: names.slice(0, NAMED_POINTS).join(t("alarmSays.and")) + (names.length > NAMED_POINTS ? " …" : ""),
      until: showMoment(textIn(detail, "due_to"), atMs),
    };
    if (lateMin < 1) return t("alarmSays.atRiskLeftOut", values);
    return t("alarmSays.atRisk", { ...values, late: durationOf(lateMin, 60) });
  },
  vehicle_standing: (detail, atMs) => {
    const since = textIn(detail, "since");
    return t("alarmSays.standing", {
      time: showMoment(since, atMs),
      stood: durationOf(since === null ? null : (atMs - Date.parse(since)) / 1000),
      limit: durationOf(numberIn(detail, "limit_min"), 60),
    });
  },
  vehicle_off_route: (detail) =>
    t("alarmSays.offRoute", {
      distance: showNumber(numberIn(detail, "off_route_m")),
      limit: showNumber(numberIn(detail, "limit_m")),
    }),
  cover_open: (detail) =>
    t("alarmSays.coverOpen", {
      speed: showNumber(numberIn(detail, "speed_kmh")),
      load: showNumber(numberIn(detail, "load_kg")),
    }),
  load_lost: (detail, atMs) =>
    t("alarmSays.loadLost", {
      lost: showNumber(numberIn(detail, "lost_kg")),
      load: showNumber(numberIn(detail, "load_kg")),
      time: showMoment(textIn(detail, "since"), atMs),
    }),
  publish_refused: (detail) =>
    t("alarmSays.publishRefused", { account: accountIn(detail), topic: textIn(detail, "topic") ?? t("app.none") }),
  device_too_fast: (detail) =>
    t("alarmSays.tooFast", {
      account: accountIn(detail),
      limit: showNumber(numberIn(detail, "limit_messages_per_s")),
    }),
  device_clock_wrong: (detail) => {
    const wrongByS = numberIn(detail, "wrong_by_s");
    const values = {
      account: accountIn(detail),
      by: durationOf(wrongByS === null ? null : Math.abs(wrongByS)),
      likely: tWord("clockFault", textIn(detail, "likely") ?? "clock"),
    };
    return (wrongByS ?? 0) < 0 ? t("alarmSays.clockSlow", values) : t("alarmSays.clockFast", values);
  },
  spool_filling: (detail) =>
    t("alarmSays.spoolFilling", {
      queued: showNumber(numberIn(detail, "queued_messages")),
      limit: showNumber(numberIn(detail, "limit")),
    }),
  spool_overflowed: (detail) =>
    t("alarmSays.spoolOverflowed", { dropped: showNumber(numberIn(detail, "dropped_messages")) }),
  disk_filling: (detail) =>
    t("alarmSays.diskFilling", {
      free: gigabytesIn(detail, "free_bytes"),
      total: gigabytesIn(detail, "total_bytes"),
    }),
};

/** The kinds of alarm that have a sentence. */
export const TOLD_KINDS: readonly string[] = Object.keys(TELLERS);

/** What an alarm says at the town's instant `atMs`; of a kind that is new to the page, nothing. */
export function alarmSentence(alarm: Alarm, atMs: number): string {
  const untilMs = alarm.cleared_at === null ? atMs : Date.parse(alarm.cleared_at);
  return TELLERS[alarm.kind]?.(alarm.detail, untilMs) ?? "";
}

/** What an alarm is about, by the name that people know it by. */
export function alarmSubject(alarm: Alarm): string {
  const id = alarm.subject_id;
  switch (alarm.subject_kind) {
    case "vehicle":
      return truckName(id);
    case "point":
      return pointName(id);
    case "facility":
      return facilityName(id);
    case "zone":
      return zoneName(id) ?? id;
    case "broker":
    case "database":
      return serverName(id);
    default:
      return id;
  }
}

/** The broker or the database itself, or a client of the broker that no device of ours is. */
export function serverName(id: string): string {
  return isServer(id) ? t(`card.${id}`) : id;
}

function numberIn(detail: Alarm["detail"], name: string): number | null {
  const value = detail[name];
  return typeof value === "number" ? value : null;
}

function gigabytesIn(detail: Alarm["detail"], name: string): string {
  const bytes = numberIn(detail, name);
  return showNumber(bytes === null ? null : bytes / 1e9, 1);
}

function listIn(detail: Alarm["detail"], name: string): readonly unknown[] {
  const value = detail[name];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function textIn(detail: Alarm["detail"], name: string): string | null {
  const value = detail[name];
  return typeof value === "string" ? value : null;
}

/** Who signed in at the broker: the account, or the client's own word where it had none. */
function accountIn(detail: Alarm["detail"]): string {
  return textIn(detail, "username") ?? textIn(detail, "client_id") ?? t("app.none");
}

function durationOf(value: number | null, unitS = 1): string {
  return value === null ? t("app.none") : showDuration(value * unitS);
}
