/** Every kind of alarm says in both languages what happened, with its figure and the limit. */
import { afterEach, expect, test } from "vitest";

import type { Alarm } from "../api/types";
import { language, tWord } from "../i18n/catalogue";
import { alarmSentence, alarmSubject, TOLD_KINDS } from "./alarm-sentence";

const NOW_MS = Date.parse("2026-11-22T09:00:00Z");

function alarm(kind: string, detail: Alarm["detail"], changes: Partial<Alarm> = {}): Alarm {
  return {
    id: 1,
    kind,
    subject_kind: "vehicle",
    subject_id: "V01",
    raised_at: "2026-11-22T08:30:00Z",
    cleared_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    detail,
    ...changes,
  };
}

afterEach(() => {
  language.value = "zh";
});

const SILENT = { last_heard_at: "2026-11-22T08:15:00+00:00", limit_min: 10 };
const RISK = {
  count: 4,
  late_min: 70,
  due_to: "2026-11-22T09:15:00Z",
  visits: ["P1", "P2", "P3", "P4"].map((point_id) => ({ point_id, occurrence: 1 })),
};
const SAYS: readonly [string, Alarm["detail"], string, string][] = [
  [
    "container_overfull",
    { fill_ratio: 0.954, limit: 0.9 },
    "满溢度 95.4%，限值 90.0%。",
    "Fill level 95.4%, limit 90.0%.",
  ],
  [
    "device_silent",
    SILENT,
    "08:15 之后没有上报，已 45 分钟（限值 10 分钟）。",
    "Not heard since 08:15, for 45 min (limit 10 min).",
  ],
  [
    "station_over_capacity",
    { throughput_t: 52.34, design_t_per_day: 50 },
    "今日进站 52.34 吨，设计能力每天 50.00 吨。",
    "Received 52.34 t today; designed for 50.00 t a day.",
  ],
  [
    "toilet_odour",
    { nh3_mg_m3: 1.234, limit: 1 },
    "氨 1.234 mg/m³，限值 1.000 mg/m³。",
    "Ammonia 1.234 mg/m³, limit 1.000 mg/m³.",
  ],
  // A limit of hundredths needs one more decimal.
  [
    "toilet_odour",
    { h2s_mg_m3: 0.0312, limit: 0.03 },
    "硫化氢 0.0312 mg/m³，限值 0.0300 mg/m³。",
    "Hydrogen sulphide 0.0312 mg/m³, limit 0.0300 mg/m³.",
  ],
  [
    "device_silent",
    { ...SILENT, devices: 3, silent_devices: ["T01-b"] },
    "3 台设备中有 1 台（T01-b）自 08:15 起没有上报，已 45 分钟（限值 10 分钟）。",
    "1 of 3 devices (T01-b) not heard since 08:15, for 45 min (limit 10 min).",
  ],
  [
    "due_visit_at_risk",
    RISK,
    "晚点 70 分钟，4 次可能漏清（P1、P2、P3 …），最早的截止 09:15。",
    "70 min late; visits at risk: 4 (P1, P2, P3 …), the first due until 09:15.",
  ],
  [
    "due_visit_at_risk",
    { ...RISK, count: 1, late_min: 0, visits: RISK.visits.slice(0, 1) },
    "漏过 1 次（P1），最迟 09:15。",
    "Left out: 1 (P1), due until 09:15.",
  ],
  [
    "vehicle_standing",
    { since: "2026-11-22T08:25:00Z", limit_min: 20, lon: 113, lat: 28 },
    "自 08:25 起停留 35 分钟，计划中没有这么长的停靠（限值 20 分钟）。",
    "Standing since 08:25, for 35 min; no stop is planned there for so long (limit 20 min).",
  ],
  [
    "vehicle_off_route",
    { off_route_m: 640, limit_m: 500, lon: 113, lat: 28 },
    "距计划线路 640 米（限值 500 米）。",
    "640 m from the roads of its route (limit 500 m).",
  ],
  [
    "cover_open",
    { speed_kmh: 42, load_kg: 2100, lon: 113, lat: 28 },
    "未盖篷以 42 公里/小时行驶，载重 2,100 公斤。",
    "Drove at 42 km/h with the cover open over 2,100 kg.",
  ],
  [
    "load_lost",
    { lost_kg: 1850, load_kg: 2100, since: "2026-11-22T08:31:00Z", lon: 113, lat: 28 },
    "自 08:31 起在站场之外失载 1,850 公斤（原载 2,100 公斤）。",
    "1,850 kg of 2,100 kg lost since 08:31, away from every station.",
  ],
  [
    "publish_refused",
    { username: "vehicle.V01", client_id: "x", topic: "riqing/v1/t/vehicle/V02/position" },
    "已拒收：账号 vehicle.V01 发到无权的主题 riqing/v1/t/vehicle/V02/position。",
    "Refused: vehicle.V01 published to riqing/v1/t/vehicle/V02/position.",
  ],
  [
    "device_too_fast",
    { username: "vehicle.V01", limit_messages_per_s: 20 },
    "账号 vehicle.V01 超过每秒 20 条的限额，已暂时断开。",
    "vehicle.V01 sends more than 20 messages a second; kept out for a while.",
  ],
  [
    "device_clock_wrong",
    { username: "vehicle.V01", device_key: 3, wrong_by_s: 28_800, likely: "time_zone" },
    "账号 vehicle.V01 的时钟快 8.0 小时，可能是时区设错。",
    "The clock of vehicle.V01 is 8.0 h fast; probably the time zone.",
  ],
  [
    "device_clock_wrong",
    { username: "vehicle.V01", device_key: 3, wrong_by_s: -1_500, likely: "clock" },
    "账号 vehicle.V01 的时钟慢 25 分钟，可能是时间设错。",
    "The clock of vehicle.V01 is 25 min slow; probably the time set.",
  ],
  [
    "spool_filling",
    { queued_messages: 60_123, limit: 100_000 },
    "60,123 条消息等待入库，上限 100,000 条。",
    "60,123 messages wait to be stored; there is room for 100,000.",
  ],
  [
    "spool_overflowed",
    { dropped_messages: 1_234 },
    "已丢弃 1,234 条设备以为送达的消息。",
    "1,234 messages that devices take for delivered were dropped.",
  ],
  [
    "disk_filling",
    { free_bytes: 1_940_000_000, total_bytes: 40_000_000_000 },
    "所在磁盘仅剩 1.9 GB（共 40.0 GB）。",
    "1.9 GB of 40.0 GB are free on its disk.",
  ],
];

test.each(SAYS)("%s %j", (kind, detail, zh, en) => {
  expect(alarmSentence(alarm(kind, detail), NOW_MS)).toBe(zh);
  language.value = "en";
  expect(alarmSentence(alarm(kind, detail), NOW_MS)).toBe(en);
});

test("every kind that the domain has is told of here", () => {
  const files = import.meta.glob<string>("../../../services/domain/kinds.py", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const source = Object.values(files).join();
  const block = /class AlarmKind\(StrEnum\):(.*?)\n\n\n/s.exec(source)?.[1] ?? "";
  const kinds = [...block.matchAll(/= "(\w+)"/g)].map((match) => String(match[1]));
  expect(kinds).toContain("device_silent");
  expect([...TOLD_KINDS].sort()).toEqual([...kinds].sort());
  expect(new Set(SAYS.map(([kind]) => kind))).toEqual(new Set(kinds));
  for (const tag of ["zh", "en"] as const) {
    language.value = tag;
    expect(kinds.filter((kind) => tWord("alarmKind", kind) === kind)).toEqual([]);
  }
});

test("the silence of an alarm that has cleared grows no more", () => {
  const cleared = alarm("device_silent", SILENT, { cleared_at: "2026-11-22T08:30:00Z" });
  expect(alarmSentence(cleared, NOW_MS)).toBe("08:15 之后没有上报，已 15 分钟（限值 10 分钟）。");
});

test("an instant of another day comes with its date", () => {
  const late = alarm("device_silent", { ...SILENT, last_heard_at: "2026-11-21T20:15:00Z" });
  expect(alarmSentence(late, NOW_MS)).toContain("11月21日 20:15");
});

test("a kind that is new to the page shows its own word and no sentence", () => {
  expect(alarmSentence(alarm("meteor", { size_m: 3 }), NOW_MS)).toBe("");
  expect(tWord("alarmKind", "meteor")).toBe("meteor");
});

test.each([
  ["vehicle", "V01", "V01"],
  ["broker", "broker", "消息服务器"],
  ["database", "database", "数据库"],
  // A client that no device of the town is.
  ["broker", "mosq-7", "mosq-7"],
])("the %s %s is called %s", (subject_kind, subject_id, name) => {
  expect(alarmSubject(alarm("publish_refused", {}, { subject_kind, subject_id }))).toBe(name);
});
