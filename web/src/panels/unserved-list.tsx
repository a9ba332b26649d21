/** What is not cleared: due visits that were missed, and those that the plan left out, each with its reason. */
import { computed } from "@preact/signals";

import { PointMark } from "../components/marks";
import { Notice, Problem } from "../components/notice";
import { WindowList } from "../components/window-list";
import { showTime } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { listSearches, select, selection } from "../state/address";
import { truckName } from "../state/fleet";
import { publishedPlan } from "../state/plans";
import { pointName, pointsById, zoneName } from "../state/register";
import { filterOf } from "./list-filter";
import { Chip, matches, SearchField } from "./list-parts";
import { dueVisits, isAllDay, missedVisits, visitsByPoint } from "../state/visits";

interface UnservedRow {
  key: string;
  pointId: string;
  missed: boolean;
  reason: string;
  side: string;
}

const rows = computed<UnservedRow[]>(() => {
  const missed = missedVisits.value.map((visit) => ({
    key: `missed ${visit.occurrence} ${visit.point_id}`,
    pointId: visit.point_id,
    missed: true,
    reason: [
      visit.reason === null ? "" : tWord("missedReason", visit.reason),
      visit.planned_vehicle_id === null ? "" : truckName(visit.planned_vehicle_id),
    ]
      .filter(Boolean)
      .join(" · "),
    side: isAllDay(visit) ? t("card.allDay") : `${showTime(visit.due_from)}–${showTime(visit.due_to)}`,
  }));
  const unplanned = (publishedPlan.value.value?.unserved ?? [])
    .filter((visit) => isStillOpen(visit.point_id, visit.occurrence))
    .map((visit) => ({
      key: `unplanned ${visit.occurrence} ${visit.point_id}`,
      pointId: visit.point_id,
      missed: false,
      reason: tWord("unservedReason", visit.reason),
      side: t("unserved.unplanned"),
    }));
  return [...missed, ...unplanned];
});

const SIDES = ["missed", "unplanned"] as const;
type Side = (typeof SIDES)[number];
const search = listSearches.unserved;
const sideFilter = filterOf("unserved", SIDES);

/** How many rows the list has. */
export const unservedCount = computed(() => rows.value.length);

function zoneOfPoint(pointId: string): string | null {
  return zoneName(pointsById.value.get(pointId)?.zone_id ?? null);
}

/** A visit that was left out of the plan may have been cleared, or be listed as missed already. */
function isStillOpen(pointId: string, occurrence: number): boolean {
  const visit = visitsByPoint.value.get(pointId)?.find((due) => due.occurrence === occurrence);
  return visit === undefined || visit.status === "pending";
}

export function UnservedList() {
  const all = rows.value;
  const passes = (row: UnservedRow, side: Side | null) => side === null || row.missed === (side === "missed");
  const found = all.filter(
    (row) =>
      passes(row, sideFilter.chosen.value) &&
      matches(search.value, [row.pointId, pointName(row.pointId), row.reason, zoneOfPoint(row.pointId)]),
  );
  return (
    <>
      <SearchField text={search} label={t("list.searchUnserved")} />
      <div class="chips">
        {SIDES.map((side) => (
          <Chip
            key={side}
            chosen={sideFilter.chosen.value === side}
            count={all.filter((row) => passes(row, side)).length}
            onChoose={() => sideFilter.toggle(side)}
          >
            {side === "missed" ? t("pointState.missed") : t("unserved.unplanned")}
          </Chip>
        ))}
      </div>
      <Problem sentence={publishedPlan.error.value} />
      <Notice
        of={dueVisits}
        isEmpty={found.length === 0}
        empty={all.length === 0 ? t("unserved.empty") : t("list.noMatch")}
      />
      <WindowList
        items={found}
        rowHeight={48}
        label={t("tab.unserved")}
        keyOf={(row) => row.key}
        row={(row) => (
          <>
            <PointMark state={row.missed ? "missed" : "due"} />
            <span class="row-main">
              <span class="row-title">{pointName(row.pointId)}</span>
              <span class="row-sub reason">{row.reason}</span>
            </span>
            <span class="row-side">
              <span class="row-sub">{row.side}</span>
            </span>
          </>
        )}
        isSelected={(row) => selection.value?.kind === "point" && selection.value.id === row.pointId}
        onSelect={(row) => select("point", row.pointId)}
      />
    </>
  );
}
