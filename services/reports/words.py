"""The words of the bulletin in its two languages."""

from datetime import date
from enum import StrEnum

from services.domain.kinds import AlarmKind
from services.domain.period import Period, PeriodKind


class Language(StrEnum):
    """The languages of a bulletin."""

    ZH = "zh"
    EN = "en"


_ALARMS: dict[str, tuple[str, str]] = {
    AlarmKind.CONTAINER_OVERFULL: ("容器满溢", "container overfull"),
    AlarmKind.DEVICE_SILENT: ("设备无信号", "device silent"),
    AlarmKind.STATION_OVER_CAPACITY: ("超过设计能力", "over design capacity"),
    AlarmKind.TOILET_ODOUR: ("公厕气味超标", "toilet odour over limit"),
    AlarmKind.DUE_VISIT_AT_RISK: ("可能漏清", "visits at risk"),
    AlarmKind.VEHICLE_STANDING: ("车辆长时间停留", "truck standing"),
    AlarmKind.VEHICLE_OFF_ROUTE: ("偏离线路", "off its route"),
    AlarmKind.COVER_OPEN: ("未盖篷行驶", "cover open"),
    AlarmKind.LOAD_LOST: ("途中失载", "load lost"),
    AlarmKind.PUBLISH_REFUSED: ("设备越权上报", "publish refused"),
    AlarmKind.DEVICE_TOO_FAST: ("设备上报过多", "device sends too much"),
    AlarmKind.DEVICE_CLOCK_WRONG: ("设备时钟不准", "device clock wrong"),
    AlarmKind.SPOOL_FILLING: ("消息积压", "messages pile up"),
    AlarmKind.SPOOL_OVERFLOWED: ("消息丢失", "messages lost"),
    AlarmKind.DISK_FILLING: ("磁盘将满", "disk nearly full"),
}

_WORDS: dict[str, tuple[str, str]] = {
    "title_day": ("日清日通报", "Daily clearance bulletin"),
    "title_week": ("日清周通报", "Weekly clearance bulletin"),
    "title_month": ("日清月考核通报", "Monthly clearance assessment"),
    "issue": ("{year}年第{number}期", "No. {number} of {year}"),
    "final": ("本期数据已齐", "all of its data"),
    "not_final": ("尚非最终数据, 数据截至", "not final; figures up to"),
    "drawn_up": ("编制时间", "drawn up"),
    "totals": ("总体情况", "The town"),
    "trend": ("清运趋势", "Trend"),
    "map": ("漏清运分布", "Where it was missed"),
    "map_core": ("{missed} 个收集点漏清运（中心区域）", "{missed} points were missed (the centre)"),
    "hour": ("时段", "hour"),
    "missed_points": ("漏清运收集点", "Points that were missed"),
    "routes": ("计划执行", "Planned and driven"),
    "corrections": ("人工更正", "Corrections by hand"),
    "alarms": ("告警", "Alarms"),
    "hours": ("分时段", "Hours"),
    "before": ("上期", "before"),
    "change": ("增减", "change"),
    "rank": ("名次", "rank"),
    "corrected": ("人工更正", "by hand"),
    "missed_times": ("漏清运次数", "missed"),
    "reasons": ("原因", "reasons"),
    "date": ("日期", "date"),
    "set_to": ("更正为", "set to"),
    "decided": ("按数据判定", "by the readings"),
    "corrected_by": ("更正人", "by"),
    "corrected_at": ("更正时间", "at"),
    "note": ("理由", "reason"),
    "alarm_kind": ("告警类型", "alarm"),
    "raised": ("次数", "raised"),
    "subjects": ("涉及对象", "subjects"),
    "acknowledged": ("已确认", "acknowledged"),
    "is_open": ("未解除", "still open"),
    "stops": ("计划停靠", "planned stops"),
    "done": ("完成", "done"),
    "skipped": ("漏过", "skipped"),
    "unknown": ("无法判定", "unknown"),
    "extra": ("计划外", "extra"),
    "out_of_order": ("未按顺序", "out of order"),
    "mean_deviation_min": ("平均偏差 (分)", "mean deviation (min)"),
    "planned_km": ("计划里程 (km)", "planned km"),
    "driven_km": ("实际里程 (km)", "driven km"),
    "unloadings_planned": ("计划卸料", "planned unloadings"),
    "unloadings_made": ("实际卸料", "unloadings"),
    "first_moved_at": ("首次行驶", "set off"),
    "last_moved_at": ("末次行驶", "stopped"),
    "status_cleared": ("已清运", "cleared"),
    "by_hand": ("（人工更正）", " (by hand)"),
    "more_rows": ("另有 {count} 行未列出，见电子表格。", "{count} more rows are in the workbook."),
    "map_says": ("{missed} 个收集点漏清运", "{missed} points were missed"),
    "trend_says": ("每日日产日清率", "Clearance rate by day"),
    "lead_rate": (
        "应清运 {due} 次，已清运 {cleared} 次，日产日清率 {rate}{change}。",
        "{cleared} of {due} due visits were cleared: a clearance rate of {rate}{change}.",
    ),
    "lead_up": ("，较上期上升 {points} 个百分点", ", up {points} percentage points"),
    "lead_down": ("，较上期下降 {points} 个百分点", ", down {points} percentage points"),
    "lead_same": ("，与上期持平", ", as before"),
    "lead_nothing": ("本期没有应清运的收集点。", "Nothing was due."),
    "lead_reasons": ("未清运 {count} 次，其中{reasons}。", "{count} were not cleared: {reasons}."),
    "lead_reason": ("{reason} {count} 次", "{count} {reason}"),
    "lead_weight": (
        "清运 {tipped} 吨，清运率 {collection}{collection_target}；"
        "进入处理场 {received} 吨，处理率 {treatment}{treatment_target}。",
        "{tipped} t were collected, a collection rate of {collection}{collection_target}; {received} t reached "
        "disposal sites, a treatment rate of {treatment}{treatment_target}.",
    ),
    "lead_met": ("（达到 {target} 的目标）", " (the target of {target} is met)"),
    "lead_not_met": ("（未达 {target} 的目标）", " (the target of {target} is not met)"),
    "lead_contractors": (
        "保洁公司中，{best} 最高（{best_rate}），{worst} 最低（{worst_rate}）。",
        "Of the contractors {best} is first ({best_rate}) and {worst} last ({worst_rate}).",
    ),
    "lead_corrected": ("其中 {count} 次由人工更正，逐条列后。", "{count} were set by hand; they are listed below."),
    "lead_days": ("本期 {days} 天中 {count} 天有应清运任务。", "On {count} of its {days} days anything was due."),
    "lead_pending": ("尚有 {count} 次待清运。", "{count} are still to come."),
    "list_comma": ("，", ", "),
    "zones": ("各片区", "Zones"),
    "contractors": ("各保洁公司", "Contractors"),
    "vehicles": ("各车辆", "Vehicles"),
    "not_cleared": ("未清运到位", "Due visits not cleared"),
    "stations": ("转运站与处理场", "Stations and disposal sites"),
    "toilets": ("公厕", "Public toilets"),
    "item": ("指标", "figure"),
    "value": ("数值", "value"),
    "target": ("目标", "target"),
    "key_zone": ("片区", "zone"),
    "key_contractor": ("保洁公司", "contractor"),
    "key_vehicle": ("车辆", "vehicle"),
    "due": ("应清运次数", "due"),
    "cleared": ("已清运", "cleared"),
    "pending": ("待清运", "pending"),
    "missed": ("漏清运", "missed"),
    "clearance_rate": ("日产日清率", "clearance rate"),
    "expected_kg": ("应收运量 (kg)", "expected kg"),
    "tipped_kg": ("清运量 (kg)", "tipped kg"),
    "received_kg": ("处理量 (kg)", "received kg"),
    "collection_rate": ("清运率", "collection rate"),
    "treatment_rate": ("处理率", "treatment rate"),
    "point": ("收集点", "point"),
    "name": ("名称", "name"),
    "occurrence": ("第几次", "visit"),
    "window": ("时段", "window"),
    "status": ("状态", "status"),
    "planned_vehicle": ("计划车辆", "planned vehicle"),
    "planned_at": ("计划时间", "planned for"),
    "reason": ("原因", "reason"),
    "status_missed": ("漏清运", "missed"),
    "status_pending": ("待清运", "pending"),
    "reason_not_planned": ("未列入计划", "not planned"),
    "reason_planned_but_not_visited": ("已计划未到访", "planned but not visited"),
    "reason_visited_outside_window": ("到访不在规定时段", "visited outside its window"),
    "reason_device_silent": ("车载设备无数据（无法判定）", "device silent (nobody can know)"),
    "facility": ("设施", "facility"),
    "observed_ratio": ("数据完整率", "heard"),
    "throughput_t": ("进站量 (t)", "in (t)"),
    "design_share": ("占设计能力", "share of design"),
    "vehicles_weighed": ("进站车次", "vehicles"),
    "peak_hour": ("高峰时段", "peak hour"),
    "peak_hour_t": ("高峰小时 (t)", "in that hour (t)"),
    "mean_waiting_min": ("平均等候 (分)", "mean wait (min)"),
    "life_used_ratio": ("已用设计年限", "share of design life"),
    "uses": ("使用人次", "uses"),
    "uses_per_stall_hour": ("人次/厕位·小时", "uses per stall and hour"),
    "occupancy_ratio": ("厕位占用率", "occupancy"),
    "minutes_without_free_stall": ("无空位 (分)", "no free stall (min)"),
    "odour_hours_over_limit": ("臭气超标 (小时)", "odour over limit (h)"),
    "open_ratio": ("开放率", "open"),
    "counter": ("计数器", "counter"),
    "counter_counting": ("正常", "counting"),
    "counter_quiet": ("无人使用", "quiet"),
    "counter_silent": ("无数据", "silent"),
    "counter_stuck": ("疑似故障", "stuck"),
    "unassigned": ("未归属", "unassigned"),
    "nothing": ("无", "none"),
    "sign_drawn_up": ("填报人", "Drawn up by"),
    "sign_checked": ("审核人", "Checked by"),
    "sign_issued": ("签发人", "Issued by"),
    "sign_date": ("日期（盖章）", "Date, seal"),
    "page": ("第 {page} 页", "page {page}"),
    **{f"alarm_{kind}": words for kind, words in _ALARMS.items()},
}


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __getitem__(self, key: str) -> str:
        """Return a word; one that is missing is a mistake of ours and raises KeyError."""
        chinese, english = _WORDS[key]
        return chinese if self.language is Language.ZH else english

    def say(self, key: str, **values: object) -> str:
        """Return a sentence with its blanks filled."""
        return self[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return a word, or `otherwise` where it is one of a vocabulary that has grown since."""
        return self[key] if key in _WORDS else otherwise

    def date(self, day: date) -> str:
        """Return a date as the language writes it."""
        return f"{day.year}年{day.month}月{day.day}日" if self.language is Language.ZH else day.isoformat()

    def period(self, period: Period) -> str:
        """Return a period as the language writes it."""
        year, number = period.number
        if period.kind is PeriodKind.DAY:
            return self.date(period.first)
        if period.kind is PeriodKind.MONTH:
            return f"{year}年{number}月" if self.language is Language.ZH else f"{period.first:%B %Y}"
        if self.language is Language.ZH:
            first, last = period.first, period.last
            return f"{year}年第{number}周（{first.month}月{first.day}日至{last.month}月{last.day}日）"
        return f"week {number} of {year} ({period.first} to {period.last})"

    def numeral(self, number: int) -> str:
        """Return the number of a heading, as official papers count them."""
        if self.language is Language.EN:
            return f"{number}. "
        digits = "一二三四五六七八九十"
        return f"{digits[number - 1] if number <= 10 else '十' + digits[number - 11]}、"
