/** What an alarm says, as a sentence of the office: what happened, and the figure against its limit. */
import type { Alarm } from "../api/types";
import { t, tWord } from "../i18n/catalogue";
import { isServer } from "../state/address";
import { truckName } from "../state/fleet";
import { facilityName, pointName, zoneName } from "../state/register";
import { showDuration, showMoment, showNumber, showRatio } from "./show";

type Teller = (detail: Alarm["detail"], atMs: number) => string;

const TELLERS: Readonly<Record<string, Teller>> = {
  container_overfull: (detail) =>
    t("alarmSays.overfull", {
      fill: showRatio(numberIn(detail, "fill_ratio")),
      limit: showRatio(numberIn(detail, "limit")),
    }),
  device_silent: (detail, atMs) => {
    const last = textIn(detail, "last_heard_at");
    return t("alarmSays.silent", {
      time: showMoment(last, atMs),
      silence: durationOf(last === null ? null : (atMs - Date.parse(last)) / 1000),
      limit: durationOf(numberIn(detail, "limit_min"), 60),
    });
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
    const vehicle = textIn(detail, "vehicle_id");
    const number = showNumber(numberIn(detail, "occurrence"));
    const until = showMoment(textIn(detail, "due_to"), atMs);
    if (vehicle === null) return t("alarmSays.atRiskUnplanned", { number, until });
    const planned = showMoment(textIn(detail, "planned_at"), atMs);
    return t("alarmSays.atRisk", { number, planned, vehicle: truckName(vehicle), until });
  },
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
