/** Coverage: the share of demand within reach, against the standards, by zone, and the gaps. */
import { signal } from "@preact/signals";

import { Meter } from "../components/meter";
import { Notice, Problem } from "../components/notice";
import { showNumber, showRatio } from "../format/show";
import { Fold } from "../frame/fold";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/facilities";
import { facilityName, zoneName } from "../state/register";
import { Catchments } from "./catchments";
import {
  atText,
  CLASSES,
  classText,
  closures,
  coverage,
  ground,
  kind,
  onlyAccessible,
  onText,
  radiusText,
  setOnlyAccessible,
  type Closure,
  type Coverage,
  type Gap,
  type StandardCheck,
} from "./state";

const SHOWN_GAPS = 50;
const GAP_ZOOM = 15.5;

const isAskedOpen = signal(false);

export function CoverageView() {
  const of = coverage.value.value;
  return (
    <section class="coverage">
      <Fold summary={askedText()} isOpen={isAskedOpen}>
        <Asked />
      </Fold>
      <Notice of={coverage} isEmpty={false} empty="" />
      {of !== null && (
        <>
          <Share of={of} />
          <h2>{t("standards")}</h2>
          <ul class="checks">
            {of.standards.map((check) => (
              <Check key={check.limit_id} check={check} />
            ))}
          </ul>
          {of.catchments !== undefined && <Catchments of={of} />}
          {of.catchments === undefined && <Closures />}
          <Zones of={of} />
          <LandUses of={of} />
          <Classes of={of} />
          <Gaps of={of} />
        </>
      )}
    </section>
  );
}

/** What is asked for other than as usual. */
function askedText(): string {
  const ofToilets = [
    atText.value === "" ? "" : `${t("atHour")} ${atText.value}`,
    ...CLASSES.filter((name) => name === classText.value).map((name) => t(`class.${name}`)),
    onlyAccessible.value ? t("accessible") : "",
  ];
  const said = [
    radiusText.value === "" ? "" : `${t("radius")} ${radiusText.value}`,
    onText.value,
    ...(kind.value === "toilets" ? ofToilets : []),
  ].filter((words) => words !== "");
  return [t("filters"), ...said].join(" · ");
}

function Asked() {
  return (
    <div class="asked">
      <label>
        {t("radius")}
        <input
          type="number"
          min={10}
          max={100000}
          step={10}
          value={radiusText.value}
          placeholder={t("usualRadius")}
          onChange={(event) => {
            if (event.currentTarget.reportValidity()) radiusText.value = event.currentTarget.value;
          }}
        />
      </label>
      <label>
        {t("onDay")}
        <input type="date" value={onText.value} onChange={(event) => (onText.value = event.currentTarget.value)} />
      </label>
      {kind.value === "toilets" && <OfToilets />}
    </div>
  );
}

/** Which toilets count: those open at an hour, of a class, with an accessible stall. */
function OfToilets() {
  return (
    <>
      <label>
        {t("atHour")}
        <input type="time" value={atText.value} onChange={(event) => (atText.value = event.currentTarget.value)} />
      </label>
      <label>
        {t("ofClass")}{" "}
        <select value={classText.value} onChange={(event) => (classText.value = event.currentTarget.value)}>
          <option value="">{t("anyClass")}</option>
          {CLASSES.map((name) => (
            <option key={name} value={name}>
              {t(`class.${name}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={onlyAccessible.value}
          onChange={(event) => setOnlyAccessible(event.currentTarget.checked)}
        />
        {t("accessible")}
      </label>
    </>
  );
}

/** What is covered: residents or streets by toilets, kilograms by stations. */
function Share({ of }: { of: Coverage }) {
  const ratio = of.covered_kg_ratio === undefined ? of.covered_ratio : of.covered_kg_ratio;
  return (
    <div class="share" data-share="covered">
      <h2>{t("covered")}</h2>
      <p class="share-value">{showRatio(ratio)}</p>
      <Meter ratio={ratio} label={showRatio(ratio)} />
      <p>{demandText(of)}</p>
      <p>
        {t("counts", { count: showNumber(of.toilets ?? of.stations), density: showNumber(of.per_km2, 2) })}
        {typeof of.mean_haul_m === "number" && ` · ${t("haul", { km: showNumber(of.mean_haul_m / 1000, 1) })}`}
      </p>
    </div>
  );
}

function demandText(of: Coverage): string {
  if (of.demand_kind === undefined) {
    return t("kilograms", { covered: showNumber(of.covered_kg), all: showNumber(of.expected_kg) });
  }
  const counts = { covered: showNumber(of.covered), all: showNumber(of.demand) };
  return of.demand_kind === "residents" ? t("residents", counts) : t("streets", counts);
}

function Check({ check }: { check: StandardCheck }) {
  return (
    <li>
      {check.meets !== null && (
        <span class={`badge state-${check.meets ? "cleared" : "missed"}`}>{check.meets ? t("meets") : t("fails")}</span>
      )}{" "}
      {t("limit", {
        standard: check.standard,
        clause: clauseOf(check),
        value: showNumber(check.value, check.value !== null && check.value < 100 ? 2 : 0),
        low: showNumber(check.value_low ?? 0, digitsOf(check.value_low)),
        high: check.value_high === null ? "∞" : showNumber(check.value_high, digitsOf(check.value_high)),
        unit: tWord("limitUnit", check.unit),
      })}
    </li>
  );
}

/** Limits are written as the standard has them, at most with two decimals. */
const digitsOf = (limit: number | null) => (limit === null || Number.isInteger(limit) ? 0 : 2);

/** The clauses that have a Chinese name here; one that the office added is told as it wrote it. */
const CLAUSES = [
  "toilet_service_radius_m",
  "toilet_density_residential_per_km2",
  "station_haul_small_vehicle_m",
] as const;

function clauseOf(check: StandardCheck): string {
  const known = CLAUSES.find((limitId) => limitId === check.limit_id);
  return known === undefined ? check.clause : t(`clause.${known}`);
}

/** Toilets closed for renovation on the day, and what serves meanwhile. */
function Closures() {
  const found = closures.value.value;
  if (found.length === 0) return <Problem sentence={closures.error.value} />;
  return (
    <>
      <h2>{t("closures")}</h2>
      <ul class="closures">
        {found.map((one) => (
          <li key={one.facility_id}>{closureText(one)}</li>
        ))}
      </ul>
    </>
  );
}

function closureText(one: Closure): string {
  const name = one.name ?? one.facility_id;
  if (one.replaced_by === null) return t("closedNothing", { name });
  const values = {
    name,
    other: facilityName(one.replaced_by),
    metres: showNumber(one.distance_m),
    lost: amountText(one.demand_lost, coverage.value.value?.demand_kind),
  };
  return one.is_arranged ? t("closedArranged", values) : t("closedNearest", values);
}

function Zones({ of }: { of: Coverage }) {
  const zones = [...of.zones].sort((a, b) => (a.covered_ratio ?? 2) - (b.covered_ratio ?? 2));
  if (zones.length === 0) return null;
  return (
    <>
      <h2>{t("byZone")}</h2>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("zone")}</th>
            <th scope="col">{t("covered")}</th>
            <th scope="col" class="number">
              {of.catchments === undefined ? t("count") : t("pointsCount")}
            </th>
          </tr>
        </thead>
        <tbody>
          {zones.map((zone) => (
            <tr key={zone.zone_id ?? ""}>
              <th scope="row">{zone.zone_id === null ? t("outside") : (zoneName(zone.zone_id) ?? zone.zone_id)}</th>
              <Rate ratio={zone.covered_ratio} />
              <td class="number">{showNumber(zone.facilities ?? zone.points)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** By what land is used for, each held against its own density. */
function LandUses({ of }: { of: Coverage }) {
  const uses = of.land_uses ?? [];
  if (uses.length === 0) return null;
  return (
    <>
      <h2>{t("byLandUse")}</h2>
      <table class="grid by-land-use">
        <thead>
          <tr>
            <th scope="col">{t("landUse")}</th>
            <th scope="col">{t("covered")}</th>
            <th scope="col" class="number">
              {t("count")}
            </th>
            <th scope="col" class="number">
              {t("perKm2")}
            </th>
            <th scope="col">{t("asked")}</th>
          </tr>
        </thead>
        <tbody>
          {uses.map((use) => (
            <tr key={use.land_use ?? ""}>
              <th scope="row">{landUseText(use.land_use)}</th>
              <Rate ratio={use.covered_ratio} />
              <td class="number">{showNumber(use.facilities)}</td>
              <td class="number">{showNumber(use.per_km2, 2)}</td>
              <td>
                {use.standards.map((check) => (
                  <span key={check.limit_id} title={`${check.standard} ${check.clause}`}>
                    {check.value_low}–{check.value_high ?? "∞"}{" "}
                    {check.meets !== null && (
                      <span class={`badge state-${check.meets ? "cleared" : "missed"}`}>
                        {check.meets ? t("meets") : t("fails")}
                      </span>
                    )}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const LAND_USES = [
  "residential",
  "commercial",
  "public",
  "industrial",
  "transport",
  "green",
  "rural",
  "other",
] as const;

function landUseText(name: string | null): string {
  const known = LAND_USES.find((use) => use === name);
  return known === undefined ? t("notStated") : t(`land.${known}`);
}

/** What toilets of each class reach, whatever others there are. */
function Classes({ of }: { of: Coverage }) {
  const classes = of.classes ?? [];
  if (classes.length === 0) return null;
  return (
    <>
      <h2>{t("byClass")}</h2>
      <table class="grid by-class">
        <thead>
          <tr>
            <th scope="col">{t("ofClass")}</th>
            <th scope="col">{t("covered")}</th>
            <th scope="col" class="number">
              {t("count")}
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map((one) => (
            <tr key={one.toilet_class ?? ""}>
              <th scope="row">{nameOfClass(one.toilet_class)}</th>
              <Rate ratio={one.covered_ratio} />
              <td class="number">{showNumber(one.facilities)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A class as people name it, or as the town writes its own. */
function nameOfClass(name: string | null): string {
  const known = CLASSES.find((one) => one === name);
  return known === undefined ? (name ?? t("notStated")) : t(`class.${known}`);
}

function Rate({ ratio }: { ratio: number | null }) {
  return (
    <td class="rate">
      <Meter ratio={ratio} label={showRatio(ratio)} />
      <span>{showRatio(ratio)}</span>
    </td>
  );
}

function Gaps({ of }: { of: Coverage }) {
  return (
    <>
      <h2>{t("gaps")}</h2>
      {of.gaps.length === 0 && <p class="notice">{t("noGaps")}</p>}
      <ol class="gaps">
        {of.gaps.slice(0, SHOWN_GAPS).map((gap, index) => (
          <li key={index}>
            <button type="button" class="link" onClick={() => ground.value?.moveTo([gap.lon, gap.lat], GAP_ZOOM)}>
              {gapText(gap, of)}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}

function gapText(gap: Gap, of: Coverage): string {
  const demand = amountText(gap.demand, of.demand_kind);
  const zone = gap.zone_id === null ? "" : ` · ${zoneName(gap.zone_id) ?? gap.zone_id}`;
  const sentence =
    gap.distance_m === null ? t("gapNowhere", { demand }) : t("gapRow", { demand, metres: showNumber(gap.distance_m) });
  return sentence + zone;
}

/** An amount of demand: residents or metres of street for toilets, kg a day for stations. */
export function amountText(amount: number, of: Coverage["demand_kind"]): string {
  const count = showNumber(amount);
  if (of === undefined) return t("kg", { count });
  return of === "residents" ? t("person", { count }) : t("metre", { count });
}
