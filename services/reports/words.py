"""The words of the bulletin in its two languages."""

from enum import StrEnum


class Language(StrEnum):
    """The languages of a bulletin."""

    ZH = "zh"
    EN = "en"


_WORDS: dict[str, tuple[str, str]] = {
    "title": ("日清日通报", "Daily clearance bulletin"),
    "final": ("全日数据", "the whole day"),
    "not_final": ("尚非最终数据, 数据截至", "not final; figures up to"),
    "drawn_up": ("编制时间", "drawn up"),
    "totals": ("总体情况", "The town"),
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
    "reason_device_silent": ("车载设备无数据，无法判定", "device silent, nobody can know"),
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
    "signature": ("填报人：          审核人：          日期：", "Drawn up by:            Checked by:            Date:"),
}


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __getitem__(self, key: str) -> str:
        """Return a word; one that is missing is a mistake of ours and raises KeyError."""
        chinese, english = _WORDS[key]
        return chinese if self.language is Language.ZH else english

    def date(self, year: int, month: int, day: int) -> str:
        """Return a date as the language writes it."""
        return f"{year}年{month}月{day}日" if self.language is Language.ZH else f"{year}-{month:02}-{day:02}"
