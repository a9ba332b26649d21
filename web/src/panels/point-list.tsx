/** The list of collection points with a filter by state. */

import type { CollectionPoint } from "../api/types";
import { PointMark } from "../components/marks";
import { Notice } from "../components/notice";
import { WindowList } from "../components/window-list";
import { showNumber, showTime } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { listSearches, select, selection } from "../state/address";
import { points, zoneName } from "../state/register";
import { POINT_STATES, pointCounts, pointStates, visitsByPoint, type PointState } from "../state/visits";
import { filterOf } from "./list-filter";
import { Chip, matches, SearchField } from "./list-parts";

const search = listSearches.points;
const stateFilter = filterOf("points", POINT_STATES);

export function PointList() {
  const states = pointStates.value;
  const found = points.value.value.filter(
    (point) =>
      (stateFilter.chosen.value === null || states.get(point.id) === stateFilter.chosen.value) &&
      matches(search.value, [point.id, point.name, zoneName(point.zone_id)]),
  );
  const isEmpty = points.value.value.length === 0;
  return (
    <>
      <SearchField text={search} label={t("list.search")} />
      <div class="chips">
        {POINT_STATES.map((state) => (
          <Chip
            key={state}
            chosen={stateFilter.chosen.value === state}
            count={pointCounts.value[state]}
            onChoose={() => stateFilter.toggle(state)}
          >
            <PointMark state={state} />
            {t(`pointState.${state}`)}
          </Chip>
        ))}
      </div>
      <Notice of={points} isEmpty={found.length === 0} empty={isEmpty ? t("points.empty") : t("list.noMatch")} />
      <WindowList
        items={found}
        rowHeight={48}
        label={t("tab.points")}
        keyOf={(point) => point.id}
        row={(point) => <PointRow point={point} state={states.get(point.id) ?? "not_due"} />}
        isSelected={(point) => selection.value?.kind === "point" && selection.value.id === point.id}
        onSelect={(point) => select("point", point.id)}
      />
    </>
  );
}

function PointRow({ point, state }: { point: CollectionPoint; state: PointState }) {
  const visits = visitsByPoint.value.get(point.id) ?? [];
  const cleared = visits.filter((visit) => visit.status === "cleared");
  const last = cleared.at(-1)?.cleared_at ?? null;
  const place = [zoneName(point.zone_id), tWord("containerType", point.container_type)].filter(Boolean).join(" · ");
  return (
    <>
      <PointMark state={state} />
      <span class="row-main">
        <span class="row-title">{point.name ?? point.id}</span>
        <span class="row-sub">{place}</span>
      </span>
      <span class="row-side">
        {visits.length > 0 && (
          <span class="row-figure">
            {cleared.length}/{visits.length}
          </span>
        )}
        <span class="row-sub">
          {last === null ? t("unit.kg", { value: showNumber(point.expected_kg) }) : showTime(last)}
        </span>
      </span>
    </>
  );
}
