/** Scenarios that are kept: saved, opened, put beside one another, taken into the register, forgotten. */
import { useSignal } from "@preact/signals";

import { fetchFacilities } from "../api/endpoints";
import { Notice, Problem } from "../components/notice";
import { showDay, showNumber, showRatio } from "../format/show";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/facilities";
import { facilities } from "../state/register";
import { session } from "../state/session";
import { attempt } from "./attempt";
import { SiteLink } from "./site-link";
import {
  adoptScenario,
  comparedId,
  comparison,
  deleteScenario,
  loadScenarios,
  openedId,
  openScenario,
  saveScenario,
  scenarios,
  type Change,
  type Comparison,
  type Effect,
  type Scenario,
} from "./trial";

const mayKeep = () => ["admin", "dispatcher", "office"].includes(session.value?.role ?? "");

export function Save() {
  const name = useSignal("");
  const problem = useSignal<string | null>(null);
  if (!mayKeep()) return <p class="notice">{t("notAllowed")}</p>;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(problem, () => saveScenario(name.value.trim()));
  };
  return (
    <form class="tools" onSubmit={submit}>
      <input
        required
        maxLength={200}
        aria-label={t("saveName")}
        placeholder={t("saveName")}
        onInput={(event) => (name.value = event.currentTarget.value)}
      />
      <button type="submit">{t("save")}</button>
      <Problem sentence={problem.value} />
    </form>
  );
}

export function Kept() {
  const found = scenarios.value.value;
  if (found.length === 0) return <Notice of={scenarios} isEmpty={false} empty="" />;
  return (
    <>
      <h2>{t("kept")}</h2>
      <ul class="kept">
        {found.map((scenario) => (
          <KeptScenario key={scenario.id} scenario={scenario} />
        ))}
      </ul>
      <Problem sentence={comparison.error.value} />
      {comparison.value.value !== null && <Compared of={comparison.value.value} />}
    </>
  );
}

function KeptScenario({ scenario }: { scenario: Scenario }) {
  const isOpen = openedId.value === scenario.id;
  const isBeside = comparedId.value === scenario.id;
  return (
    <li class={isOpen ? "opened" : undefined}>
      <div class="kept-head">
        <button
          type="button"
          class="link"
          aria-label={t("open", { name: scenario.name })}
          aria-current={isOpen ? "true" : undefined}
          onClick={() => openScenario(scenario.id)}
        >
          {scenario.name}
        </button>
        <small>
          {tWord("person", scenario.created_by)} · {t("worksCount", { count: scenario.changes.length })}
        </small>
        {scenario.adopted_at !== null && (
          <span class="badge">{t("adoptedOn", { date: showDay(Date.parse(scenario.adopted_at)) })}</span>
        )}
        {openedId.value !== "" && !isOpen && (
          <button
            type="button"
            aria-pressed={isBeside}
            aria-label={t("compareWith", { name: scenario.name })}
            onClick={() => (comparedId.value = isBeside ? "" : scenario.id)}
          >
            {t("compare")}
          </button>
        )}
      </div>
      {isOpen && mayKeep() && <Deeds scenario={scenario} />}
    </li>
  );
}

/** What may be done with the scenario that is open. */
function Deeds({ scenario }: { scenario: Scenario }) {
  const [beginsOn, doneOn] = [useSignal(""), useSignal("")];
  const problem = useSignal<string | null>(null);
  const said = useSignal<string | null>(null);
  const isSure = useSignal(false);
  const adopt = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(problem, async () => {
      const planned = await adoptScenario(scenario.id, beginsOn.value, doneOn.value);
      said.value = t("adopted", { count: planned.length, names: planned.join(t("and")) });
      await Promise.all([loadScenarios(), facilities.load(fetchFacilities)]);
    });
  };
  return (
    <div class="deeds">
      {scenario.adopted_at === null && (
        <form class="tools" onSubmit={adopt}>
          <label>
            {t("beginsOn")}{" "}
            <input
              type="date"
              required={doneOn.value !== ""}
              value={beginsOn.value}
              onInput={(event) => (beginsOn.value = event.currentTarget.value)}
            />
          </label>
          <label>
            {t("doneOn")}{" "}
            <input type="date" value={doneOn.value} onInput={(event) => (doneOn.value = event.currentTarget.value)} />
          </label>
          <button type="submit">{t("adopt")}</button>
          <p class="hint">{t("adoptHint")}</p>
        </form>
      )}
      {/* A second press, for nothing brings it back. */}
      <button
        type="button"
        onBlur={() => (isSure.value = false)}
        onClick={() => {
          if (isSure.value) void attempt(problem, () => deleteScenario(scenario.id));
          isSure.value = true;
        }}
      >
        {isSure.value ? t("deleteSurely", { name: scenario.name }) : t("delete")}
      </button>
      <p role="status">{said.value}</p>
      <Problem sentence={problem.value} />
    </div>
  );
}

function Compared({ of }: { of: Comparison }) {
  const rows = figuresOf(of.items.map((one) => one.effect));
  return (
    <section class="compared">
      <h2>{t("comparison")}</h2>
      <table class="grid">
        <thead>
          <tr>
            <td />
            {of.items.map((one) => (
              <th key={one.id} scope="col" class="number">
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...values]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, index) => (
                <td key={index} class="number">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p>{t("inBoth", { count: of.in_both.length })}</p>
      {of.items.map((one) => (
        <OnlyHere key={one.id} name={one.name} works={one.only_here} />
      ))}
    </section>
  );
}

function OnlyHere({ name, works }: { name: string; works: readonly Change[] }) {
  if (works.length === 0) return null;
  return (
    <>
      <h3>{t("onlyIn", { name })}</h3>
      <ul class="only-here">
        {works.map((change) => (
          <li key={change.facility_id}>
            <SiteLink change={change} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** The rows of a comparison: a figure's name, then what it is in each scenario; kinds that neither touches are out. */
function figuresOf(effects: readonly Effect[]): string[][] {
  const rows = [[t("costs"), ...effects.map((effect) => showNumber(effect.price))]];
  for (const kind of ["toilets", "stations"] as const) {
    const pairs = effects.map((effect) => effect[kind]);
    const before = pairs.find((pair) => pair !== null)?.before;
    if (before === undefined) continue;
    const after = pairs.map((pair) => pair?.after ?? before);
    rows.push([t("coveredOf", { kind: t(kind) }), ...after.map((one) => showRatio(one.covered_ratio))]);
    if (before.mean_haul_m !== null) {
      rows.push([t("meanHaul"), ...after.map((one) => showNumber((one.mean_haul_m ?? 0) / 1000, 1))]);
    }
  }
  return rows;
}
