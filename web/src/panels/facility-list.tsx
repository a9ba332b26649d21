/** The list of facilities by kind: stations with the day's throughput, toilets with their use. */

import type { Facility, FacilityKind } from "../api/types";
import { FacilityMark } from "../components/marks";
import { Meter } from "../components/meter";
import { Notice } from "../components/notice";
import { WindowList } from "../components/window-list";
import { showNumber, showRatio } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { loadRatioOf } from "../map/features";
import { listSearches, select, selection } from "../state/address";
import { facilities, zoneName } from "../state/register";
import { filterOf } from "./list-filter";
import { Chip, matches, SearchField } from "./list-parts";

const search = listSearches.facilities;
const KINDS: readonly FacilityKind[] = [
  "transfer_station",
  "public_toilet",
  "depot",
  "landfill",
  "incinerator",
  "construction_landfill",
];
const kindFilter = filterOf("facilities", KINDS);

export function FacilityList() {
  const all = facilities.value.value;
  const found = all
    .filter(
      (facility) =>
        (kindFilter.chosen.value === null || facility.kind === kindFilter.chosen.value) &&
        matches(search.value, [facility.id, facility.name, zoneName(facility.zone_id)]),
    )
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  return (
    <>
      <SearchField text={search} label={t("list.search")} />
      <div class="chips">
        {KINDS.map((kind) => {
          const count = all.filter((facility) => facility.kind === kind).length;
          if (count === 0) return null;
          return (
            <Chip
              key={kind}
              chosen={kindFilter.chosen.value === kind}
              count={count}
              onChoose={() => kindFilter.toggle(kind)}
            >
              {t(`facilityKind.${kind}`)}
            </Chip>
          );
        })}
      </div>
      <Notice
        of={facilities}
        isEmpty={found.length === 0}
        empty={all.length === 0 ? t("facilities.empty") : t("list.noMatch")}
      />
      <WindowList
        items={found}
        rowHeight={48}
        label={t("tab.facilities")}
        keyOf={(facility) => facility.id}
        row={(facility) => <FacilityRow facility={facility} />}
        isSelected={(facility) => selection.value?.kind === "facility" && selection.value.id === facility.id}
        onSelect={(facility) => select("facility", facility.id)}
      />
    </>
  );
}

function FacilityRow({ facility }: { facility: Facility }) {
  const status = facility.status === "in_service" ? null : tWord("facilityStatus", facility.status);
  return (
    <>
      <FacilityMark facility={facility} />
      <span class="row-main">
        <span class="row-title">{facility.name ?? facility.id}</span>
        <span class="row-sub">
          {[tWord("facilityKind", facility.kind), status ?? zoneName(facility.zone_id)].filter(Boolean).join(" · ")}
        </span>
      </span>
      <span class="row-side">
        <FacilityFigure facility={facility} />
      </span>
    </>
  );
}

function FacilityFigure({ facility }: { facility: Facility }) {
  const ratio = loadRatioOf(facility);
  if (facility.kind === "transfer_station" && ratio !== null) {
    return (
      <>
        <span class={`row-figure${ratio > 1 ? " warn" : ""}`}>{showRatio(ratio, 0)}</span>
        <span class="row-load">
          <Meter ratio={ratio} label={`${t("card.utilisation")} ${showRatio(ratio, 0)}`} overIsBad />
        </span>
      </>
    );
  }
  const { entries = null, throughput_t: received = null } = facility.live ?? {};
  if (entries !== null) return <span class="row-figure">{t("card.usesCount", { count: showNumber(entries) })}</span>;
  if (received !== null) return <span class="row-figure">{t("unit.t", { value: showNumber(received, 1) })}</span>;
  return null;
}
