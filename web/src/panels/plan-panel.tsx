/** The plan panel: ask for a plan, watch its cost fall, see its routes and what it leaves out, publish it. */
import { signal } from "@preact/signals";

import type { Plan, PlanSummary } from "../api/types";
import { Icon } from "../components/icons";
import { Notice, Problem } from "../components/notice";
import { showDate, showNumber, showTime } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { chosenPlanId } from "../state/address";
import { viewedDate } from "../state/clock";
import {
  ask,
  cancel,
  isRunning,
  PLAN_VIEWS,
  planBusy,
  planOnMap,
  planProblem,
  plans,
  planView,
  progressByPlan,
  publish,
  shownPlan,
  showPlanView,
  shownSummary,
} from "../state/plans";
import { mayPlan } from "../state/session";
import { ComparePlans } from "./compare-plans";
import { CostChart } from "./cost-chart";
import { RouteTable, UnservedTable } from "./plan-tables";
import { ToldBox } from "./told-box";

const TIME_LIMITS_S = [10, 30, 60, 120, 300];
const timeLimitS = signal(30);

export function PlanPanel() {
  const plan = shownSummary.value;
  return (
    <div class="plan-panel">
      <div class="plan-side">
        <AskForm />
        <ToldBox />
        <Problem sentence={planProblem.value} />
        <Notice of={plans} isEmpty={plans.value.value.length === 0} empty={t("plan.noPlans")} />
        <PlanOptions />
      </div>
      {plan !== null && <ShownPlan plan={plan} />}
    </div>
  );
}

function AskForm() {
  if (!mayPlan.value) return <p class="notice">{t("plan.notAllowed")}</p>;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void ask(timeLimitS.value);
  };
  return (
    <form class="ask" onSubmit={submit}>
      <label>
        <span>{t("plan.timeLimit")}</span>
        <select value={timeLimitS.value} onChange={(event) => (timeLimitS.value = Number(event.currentTarget.value))}>
          {TIME_LIMITS_S.map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds < 60 ? t("plan.seconds", { seconds }) : t("plan.minutes", { minutes: seconds / 60 })}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={planBusy.value !== null}>
        {planBusy.value === "ask" ? t("plan.asking") : `${t("plan.ask")} ${showDate(viewedDate.value)}`}
      </button>
    </form>
  );
}

function PlanOptions() {
  const shown = shownSummary.value?.id;
  return (
    <ul class="plan-options" aria-label={t("plan.choose")}>
      {plans.value.value.map((plan) => (
        <li key={plan.id}>
          <button
            type="button"
            class={`plan-option${plan.id === shown ? " selected" : ""}`}
            aria-current={plan.id === shown ? "true" : undefined}
            onClick={() => (chosenPlanId.value = plan.id)}
          >
            <span class={`plan-status ${plan.status}`}>
              {t("plan.option", { time: showTime(plan.requested_at), status: t(`planStatus.${plan.status}`) })}
            </span>
            {plan.published && <span class="badge published">{t("plan.published")}</span>}
            {plan.revision_of !== null && !plan.published && <span class="badge">{t("revise.revision")}</span>}
            <span class="plan-cost">{showNumber(plan.cost)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function ShownPlan({ plan }: { plan: PlanSummary }) {
  const detail = shownPlan.value.value?.id === plan.id ? shownPlan.value.value : null;
  const running = isRunning(plan);
  const progress = progressByPlan.value.get(plan.id)?.at(-1);
  return (
    <>
      <section class={`plan-middle${running ? " alone" : ""}`}>
        <PlanSums plan={plan} unserved={running ? (progress?.unserved ?? null) : (detail?.unserved.length ?? null)} />
        {plan.status === "failed" && <Problem sentence={t("plan.failed", { reason: plan.failure ?? t("app.none") })} />}
        {plan.status === "queued" && progress === undefined && <p class="notice">{t("plan.queuedHint")}</p>}
        <CostChart plan={plan} />
        <PlanActions plan={plan} running={running} />
      </section>
      {!running && (
        <section class="plan-right">
          {detail !== null && plan.status === "ready" && <PlanViews plan={detail} />}
          <Problem sentence={shownPlan.error.value} />
        </section>
      )}
    </>
  );
}

/** The plan's routes, or how it differs from another plan. */
function PlanViews({ plan }: { plan: Plan }) {
  const isDraft = plan.revision_of !== null && plan.published_at === null;
  const view = planView.value ?? (isDraft ? "compare" : "routes");
  return (
    <>
      <div class="chips plan-views">
        {PLAN_VIEWS.map((name) => (
          <button key={name} type="button" class="chip" aria-pressed={view === name} onClick={() => showPlanView(name)}>
            {t(`planView.${name}`)}
          </button>
        ))}
      </div>
      {view === "compare" && <ComparePlans plan={plan} />}
      {view === "routes" && plan.routes.length > 0 && <RouteTable plan={plan} />}
      {view === "routes" && <UnservedTable plan={plan} />}
    </>
  );
}

function PlanSums({ plan, unserved }: { plan: PlanSummary; unserved: number | null }) {
  const km = plan.distance_m === null ? null : plan.distance_m / 1000;
  const hours = plan.duration_s === null ? null : plan.duration_s / 3600;
  return (
    <dl class="sums">
      <Sum name={t("plan.cost")} value={showNumber(plan.cost)} />
      <Sum name={t("plan.distance")} value={km === null ? t("app.none") : t("unit.km", { value: showNumber(km) })} />
      <Sum
        name={t("plan.duration")}
        value={hours === null ? t("app.none") : t("unit.h", { value: showNumber(hours, 1) })}
      />
      <Sum name={t("plan.served")} value={showNumber(plan.served)} />
      <Sum name={t("plan.unserved")} value={showNumber(unserved)} warn={(unserved ?? 0) > 0} />
      <Sum name={t("plan.requestedBy")} value={tWord("person", plan.requested_by)} />
    </dl>
  );
}

function Sum({ name, value, warn = false }: { name: string; value: string; warn?: boolean }) {
  return (
    <div class={`sum${warn ? " warn" : ""}`}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function PlanActions({ plan, running }: { plan: PlanSummary; running: boolean }) {
  return (
    <div class="plan-actions">
      {plan.status === "ready" && (
        <button
          type="button"
          class="chip"
          aria-pressed={planOnMap.value}
          onClick={() => (planOnMap.value = !planOnMap.value)}
        >
          <Icon name="map" />
          {planOnMap.value ? t("plan.clearMap") : t("plan.showOnMap")}
        </button>
      )}
      {running && mayPlan.value && (
        <button type="button" disabled={planBusy.value !== null} onClick={() => void cancel(plan.id)}>
          {t("plan.cancel")}
        </button>
      )}
      {plan.status === "ready" && !plan.published && mayPlan.value && (
        <button
          type="button"
          class="primary"
          title={t("plan.publishHint")}
          disabled={planBusy.value !== null}
          onClick={() => void publish(plan.id)}
        >
          {planBusy.value === "publish" ? t("plan.publishing") : t("plan.publish")}
        </button>
      )}
      {plan.published && plan.published_at !== null && (
        <span class="badge published">{t("plan.publishedAt", { time: showTime(plan.published_at) })}</span>
      )}
    </div>
  );
}
