/** A scenario tried live: new sites by hand or by search, and at once what they would reach. */
import { useSignal } from "@preact/signals";

import { sentenceOf } from "../api/problem";
import type { Position } from "../api/types";
import { Meter } from "../components/meter";
import { Notice, Problem } from "../components/notice";
import { showNumber, showRatio } from "../format/show";
import { t } from "../i18n/facilities";
import { boxOf } from "../map/features";
import { zoneName } from "../state/register";
import { session } from "../state/session";
import { amountText } from "./coverage";
import { ground } from "./facilities";
import {
  buildAt,
  changes,
  coverage,
  effectOfChanges,
  isSearching,
  kind,
  removeChange,
  saveScenario,
  scenarios,
  searchProblem,
  suggest,
  type Change,
} from "./state";

const SHOWN_ZONES = 6;
const SITE_ZOOM = 15;

export function ScenarioView() {
  const count = useSignal(3);
  return (
    <section class="scenario">
      <p class="hint">{t("scenarioHint", { kind: t(kind.value) })}</p>
      <div class="tools">
        <button
          type="button"
          onClick={() => {
            if (ground.value !== null) buildAt(ground.value.centre());
          }}
        >
          {t("atCentre")}
        </button>
        <label>
          {t("howMany")}{" "}
          <input
            type="number"
            min={1}
            max={20}
            value={count.value}
            onChange={(event) => (count.value = Math.min(20, Math.max(1, Number(event.currentTarget.value))))}
          />
        </label>
        <button type="button" disabled={isSearching.value} onClick={() => void suggest(count.value).then(showSites)}>
          {isSearching.value ? t("suggesting") : t("suggest", { count: count.value })}
        </button>
      </div>
      <Problem sentence={searchProblem.value} />
      <Effects />
      <Sites />
      {changes.value.length > 0 && <Save />}
      <Kept />
    </section>
  );
}

function Effects() {
  const found = effectOfChanges.value.value;
  const pair = found?.effect[kind.value] ?? null;
  if (changes.value.length === 0) return null;
  return (
    <div class="effects" role="status">
      <Problem sentence={effectOfChanges.error.value} />
      {found !== null && pair !== null && (
        <>
          <div class="before-after">
            {(["before", "after"] as const).map((phase) => (
              <div key={phase} data-phase={phase}>
                <h2>{t(phase)}</h2>
                <p class="share-value">{showRatio(pair[phase].covered_ratio)}</p>
                <Meter ratio={pair[phase].covered_ratio} label={showRatio(pair[phase].covered_ratio)} />
              </div>
            ))}
          </div>
          <p>
            {t("gain", {
              amount: amountText(pair.after.covered - pair.before.covered, coverage.value.value?.demand_kind),
            })}
            {found.effect.price > 0 && ` · ${t("price", { price: showNumber(found.effect.price) })}`}
          </p>
          <ZonesThatGain before={pair.before.by_zone} after={pair.after.by_zone} />
        </>
      )}
    </div>
  );
}

type ByZone = Readonly<Record<string, number | null>>;

function ZonesThatGain({ before, after }: { before: ByZone; after: ByZone }) {
  const gains = Object.keys(after)
    .map((zoneId) => ({ zoneId, gain: (after[zoneId] ?? 0) - (before[zoneId] ?? 0) }))
    .filter(({ gain }) => gain > 0.0005)
    .sort((a, b) => b.gain - a.gain)
    .slice(0, SHOWN_ZONES);
  if (gains.length === 0) return null;
  return (
    <>
      <h3>{t("zonesGain")}</h3>
      <ul>
        {gains.map(({ zoneId }) => (
          <li key={zoneId}>
            {zoneName(zoneId) ?? zoneId}: {showRatio(before[zoneId])} → {showRatio(after[zoneId])}
          </li>
        ))}
      </ul>
    </>
  );
}

function Sites() {
  return (
    <>
      <h2>{t("sites")}</h2>
      {changes.value.length === 0 && <p class="notice">{t("noSites")}</p>}
      <ol class="sites">
        {changes.value.map((change, index) => (
          <li key={change.facility_id}>
            <button
              type="button"
              class="link"
              onClick={() => ground.value?.moveTo([change.lon ?? 0, change.lat ?? 0], SITE_ZOOM)}
            >
              {siteName(change, index)}
            </button>
            <button
              type="button"
              aria-label={t("remove", { site: siteName(change, index) })}
              onClick={() => removeChange(change.facility_id)}
            >
              ✕
            </button>
          </li>
        ))}
      </ol>
      {changes.value.length > 1 && (
        <button type="button" onClick={() => (changes.value = [])}>
          {t("clear")}
        </button>
      )}
    </>
  );
}

/** A site's name, else its number on the map. */
function siteName(change: Change, index: number): string {
  return change.name ?? t("site", { number: index + 1 });
}

/** Bring all sites into view: those that were found may lie anywhere. */
function showSites(): void {
  const sites = changes.value.map((change): Position => [change.lon ?? 0, change.lat ?? 0]);
  if (sites.length > 1) ground.value?.fit(boxOf(sites));
}

function Save() {
  const name = useSignal("");
  const said = useSignal<string | null>(null);
  const problem = useSignal<string | null>(null);
  if (!["admin", "dispatcher", "office"].includes(session.value?.role ?? "")) {
    return <p class="notice">{t("notAllowed")}</p>;
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    problem.value = said.value = null;
    try {
      await saveScenario(name.value.trim());
      said.value = t("saved", { name: name.value.trim() });
    } catch (error) {
      problem.value = sentenceOf(error);
    }
  };
  return (
    <form class="tools" onSubmit={(event) => void submit(event)}>
      <input
        required
        maxLength={200}
        aria-label={t("saveName")}
        placeholder={t("saveName")}
        onInput={(event) => (name.value = event.currentTarget.value)}
      />
      <button type="submit">{t("save")}</button>
      <span role="status">{said.value}</span>
      <Problem sentence={problem.value} />
    </form>
  );
}

function Kept() {
  const found = scenarios.value.value;
  if (found.length === 0) return <Notice of={scenarios} isEmpty={false} empty="" />;
  return (
    <>
      <h2>{t("kept")}</h2>
      <ul class="kept">
        {found.map((scenario) => (
          <li key={scenario.id}>
            <button
              type="button"
              class="link"
              aria-label={t("open", { name: scenario.name })}
              onClick={() => (changes.value = scenario.changes)}
            >
              {scenario.name}
            </button>{" "}
            <small>{scenario.created_by}</small>
          </li>
        ))}
      </ul>
    </>
  );
}
