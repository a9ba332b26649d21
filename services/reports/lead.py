"""What a bulletin says first, in sentences: how much was cleared, why the rest was not, who is first and last."""

from services.clearance.bulletin import Bulletin
from services.domain.clearance import UNASSIGNED
from services.reports.words import Words


def lead(bulletin: Bulletin, words: Words) -> list[str]:
    """Return the sentences in their order."""
    totals = bulletin.totals
    if totals.clearance_rate is None:
        return [words["lead_nothing"]]
    said = [
        words.say(
            "lead_rate",
            due=f"{totals.due:,}",
            cleared=f"{totals.cleared:,}",
            rate=f"{totals.clearance_rate:.2%}",
            change=_change(bulletin, words),
        )
    ]
    days = bulletin.period.days
    due_days = sum(day.due > 0 and day.service_date >= days[0] for day in bulletin.trend)
    if due_days < len(days):
        said.append(words.say("lead_days", count=due_days, days=len(days)))
    if totals.pending:
        said.append(words.say("lead_pending", count=f"{totals.pending:,}"))
    if totals.not_cleared_by_reason:
        ordered = sorted(totals.not_cleared_by_reason.items(), key=lambda item: (-item[1], item[0]))
        reasons = [
            words.say("lead_reason", reason=words.known(f"reason_{reason}", reason), count=f"{count:,}")
            for reason, count in ordered
        ]
        count = f"{sum(totals.not_cleared_by_reason.values()):,}"
        said.append(words.say("lead_reasons", count=count, reasons=words["list_comma"].join(reasons)))
    said.append(_weights(bulletin, words))
    ranked = [
        figure for figure in bulletin.contractors if figure.clearance_rate is not None and figure.key != UNASSIGNED
    ]
    if len(ranked) > 1:
        names = bulletin.names.get("contractors", {})
        best, worst = ranked[0], ranked[-1]
        said.append(
            words.say(
                "lead_contractors",
                best=names.get(best.key, best.key),
                best_rate=f"{best.clearance_rate:.2%}",
                worst=names.get(worst.key, worst.key),
                worst_rate=f"{worst.clearance_rate:.2%}",
            )
        )
    if totals.corrected:
        said.append(words.say("lead_corrected", count=f"{totals.corrected:,}"))
    return said


def _change(bulletin: Bulletin, words: Words) -> str:
    now = bulletin.totals.clearance_rate
    before = None if bulletin.before is None else bulletin.before.clearance_rate
    if now is None or before is None:
        return ""
    points = round((now - before) * 100.0, 2)
    if points == 0:
        return words["lead_same"]
    return words.say("lead_up" if points > 0 else "lead_down", points=f"{abs(points):.2f}")


def _weights(bulletin: Bulletin, words: Words) -> str:
    totals = bulletin.totals
    targets = {target.name: target.value for target in bulletin.targets}

    def against(name: str, rate: float | None) -> str:
        target = targets.get(name)
        if target is None or rate is None:
            return ""
        return words.say("lead_met" if rate >= target else "lead_not_met", target=f"{target:.0%}")

    def written(rate: float | None) -> str:
        return "–" if rate is None else f"{rate:.2%}"

    return words.say(
        "lead_weight",
        tipped=f"{totals.tipped_kg / 1000:,.1f}",
        collection=written(totals.collection_rate),
        collection_target=against("collection_rate", totals.collection_rate),
        received=f"{totals.received_kg / 1000:,.1f}",
        treatment=written(totals.treatment_rate),
        treatment_target=against("treatment_rate", totals.treatment_rate),
    )
