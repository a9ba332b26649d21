/** A facility's card: a station's throughput against its design, a toilet's use, and their hours. */
import type { Facility } from "../api/types";
import { later } from "../components/later";
import { FacilityMark } from "../components/marks";
import { Meter } from "../components/meter";
import { showNumber, showRatio } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { loadRatioOf } from "../map/features";
import { nowMs } from "../state/clock";
import { zoneName } from "../state/register";
import { CardAlarms } from "./alarm-parts";
import { CardHead, Fact } from "./card";
import { StationOrders } from "./orders";

// The first view does without the script of charts.
const HourlyUse = later(async () => (await import("./hourly-use")).HourlyUse);
const YEAR_MS = 365.25 * 24 * 3_600_000;

export function FacilityCard({ facility }: { facility: Facility }) {
  const isToilet = facility.kind === "public_toilet";
  return (
    <>
      <CardHead kind={t(`facilityKind.${facility.kind}`)} name={facility.name ?? facility.id} code={facility.id}>
        <span class="badge">
          <FacilityMark facility={facility} /> {tWord("facilityStatus", facility.status)}
        </span>
      </CardHead>
      <CardAlarms kind="facility" id={facility.id} />
      {takesRefuse(facility) && <StationOrders facilityId={facility.id} />}
      {isToilet ? <ToiletMeasures facility={facility} /> : <StationMeasures facility={facility} />}
      <dl class="facts">
        <Fact name={t("card.hours")}>{hoursOf(facility)}</Fact>
        <Fact name={t("card.zone")}>{zoneName(facility.zone_id)}</Fact>
        {isToilet ? <ToiletFacts facility={facility} /> : <StationFacts facility={facility} />}
        <Fact name={t("card.opened")}>{facility.opened_on}</Fact>
      </dl>
      {facility.kind !== "depot" && <HourlyUse facility={facility} />}
      {facility.live === null && facility.status === "in_service" && facility.kind !== "depot" && (
        <p class="notice">{t("card.noReadings")}</p>
      )}
    </>
  );
}

/** Tell whether trucks of the plan unload there. */
function takesRefuse(facility: Facility): boolean {
  return ["transfer_station", "landfill", "incinerator"].includes(facility.kind);
}

function StationMeasures({ facility }: { facility: Facility }) {
  const received = facility.live?.throughput_t ?? null;
  const fill = facility.live?.fill_ratio ?? null;
  const ratio = loadRatioOf(facility);
  return (
    <>
      {received !== null && (
        <div class="card-measure">
          <span>{t("card.throughput")}</span>
          <strong>
            {facility.design_t_per_day === null
              ? t("card.throughputOnly", { tonnes: showNumber(received, 1) })
              : t("card.throughputOf", {
                  tonnes: showNumber(received, 1),
                  design: showNumber(facility.design_t_per_day),
                })}
          </strong>
          {ratio !== null && <Meter ratio={ratio} label={showRatio(ratio, 0)} overIsBad />}
        </div>
      )}
      {ratio !== null && ratio > 1 && <p class="warning">{t("card.overCapacity")}</p>}
      {fill !== null && (
        <div class="card-measure">
          <span>{t("card.fill")}</span>
          <strong>{showRatio(fill, 0)}</strong>
          <Meter ratio={fill} label={showRatio(fill, 0)} />
        </div>
      )}
    </>
  );
}

function StationFacts({ facility }: { facility: Facility }) {
  return (
    <>
      <Fact name={t("card.bays")}>{facility.bays === null ? null : showNumber(facility.bays)}</Fact>
      <Fact name={t("card.designLife")}>
        {facility.design_life_years === null ? null : (
          <>
            {t("card.years", { years: facility.design_life_years })}
            {isPastDesignLife(facility) && <em class="warning"> {t("card.pastDesignLife")}</em>}
          </>
        )}
      </Fact>
    </>
  );
}

function ToiletMeasures({ facility }: { facility: Facility }) {
  const live = facility.live;
  if (live === null) return null;
  const occupied = live.total_stalls === null ? null : (live.occupied_stalls ?? 0) / Math.max(1, live.total_stalls);
  return (
    <div class="card-measure">
      <span>{t("card.uses")}</span>
      <strong>{t("card.usesCount", { count: showNumber(live.entries) })}</strong>
      {occupied !== null && (
        <Meter ratio={occupied} label={`${t("card.stalls")} ${live.occupied_stalls ?? 0}/${live.total_stalls ?? 0}`} />
      )}
    </div>
  );
}

function ToiletFacts({ facility }: { facility: Facility }) {
  return (
    <>
      <Fact name={t("card.toiletClass")}>{facility.class}</Fact>
      <Fact name={t("card.stalls")}>
        {t("card.stallsOf", {
          male: facility.stalls_male,
          female: facility.stalls_female,
          accessible: facility.stalls_accessible,
        })}
      </Fact>
    </>
  );
}

function hoursOf(facility: Facility): string | null {
  if (facility.open_time === null || facility.close_time === null) return null;
  if (facility.open_time === facility.close_time) return t("card.allDay");
  return `${facility.open_time}–${facility.close_time}`;
}

function isPastDesignLife(facility: Facility): boolean {
  if (facility.opened_on === null || facility.design_life_years === null) return false;
  return nowMs.value - Date.parse(facility.opened_on) > facility.design_life_years * YEAR_MS;
}
