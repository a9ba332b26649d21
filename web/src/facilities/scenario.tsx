/** A scenario tried live: works by hand or by search, and at once what they would reach. */
import { useSignal } from "@preact/signals";

import type { Facility, Position } from "../api/types";
import { t } from "../i18n/facilities";
import { boxOf } from "../map/features";
import { facilities } from "../state/register";
import { Effects } from "./effects";
import { Kept, Save } from "./kept";
import { changeText, SiteLink } from "./site-link";
import { ground, kind } from "./state";
import { Suggestion } from "./suggestion";
import { alter, buildAt, changes, openedId, placeOf, removeChange, tryChanges } from "./trial";

export function ScenarioView() {
  return (
    <section class="scenario">
      <p class="hint">{t("scenarioHint", { kind: t(kind.value).toLowerCase() })}</p>
      <div class="tools">
        <button
          type="button"
          onClick={() => {
            if (ground.value !== null) buildAt(ground.value.centre());
          }}
        >
          {t("atCentre")}
        </button>
        <Alter key={kind.value} />
      </div>
      <Suggestion onFound={showSites} />
      <Effects />
      <Sites />
      {changes.value.length > 0 && openedId.value === "" && <Save />}
      <Kept />
    </section>
  );
}

/** A facility in service, to be renovated or closed for trial. */
function Alter() {
  const chosen = useSignal("");
  const wanted = kind.value === "toilets" ? "public_toilet" : "transfer_station";
  const known = facilities.value.value.filter(
    (one) => one.kind === wanted && (one.status === "in_service" || one.status === "under_renovation"),
  );
  const facility = known.find((one) => one.id === chosen.value) ?? null;
  return (
    <span class="alter">
      <select
        aria-label={t("present")}
        value={chosen.value}
        onChange={(event) => (chosen.value = event.currentTarget.value)}
      >
        <option value="">{t("present")}</option>
        {known.map((one) => (
          <option key={one.id} value={one.id}>
            {nameOf(one)}
          </option>
        ))}
      </select>
      {(["renovate", "close"] as const).map((what) => (
        <button
          key={what}
          type="button"
          disabled={facility === null || (what === "close" && facility.status !== "in_service")}
          onClick={() => facility !== null && alter(facility, what)}
        >
          {t(`try.${what}`)}
        </button>
      ))}
    </span>
  );
}

const nameOf = (facility: Facility) => (facility.name === null ? facility.id : `${facility.name} ${facility.id}`);

function Sites() {
  return (
    <>
      <h2>{t("sites")}</h2>
      {changes.value.length === 0 && <p class="notice">{t("noSites")}</p>}
      <ol class="sites">
        {changes.value.map((change, index) => (
          <li key={change.facility_id}>
            <span class="site-number">{index + 1}</span>
            <SiteLink change={change} />
            <button
              type="button"
              aria-label={t("remove", { site: changeText(change) })}
              onClick={() => removeChange(change.facility_id)}
            >
              ✕
            </button>
          </li>
        ))}
      </ol>
      {changes.value.length > 1 && (
        <button type="button" onClick={() => tryChanges([])}>
          {t("clear")}
        </button>
      )}
    </>
  );
}

/** Bring all sites into view: those that were found may lie anywhere. */
function showSites(): void {
  const sites = changes.value.map(placeOf).filter((place): place is Position => place !== null);
  if (sites.length > 1) ground.value?.moveToBox(boxOf(sites));
}
