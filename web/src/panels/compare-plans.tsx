/** Two plans side by side: their figures, and which visits moved to another truck. */
import { useEffect, useMemo } from "preact/hooks";

import { comparePlans, fetchPlan, fetchPlans } from "../api/endpoints";
import type { MovedVisit, Plan, PlanFigures, PlanSummary } from "../api/types";
import { Problem } from "../components/notice";
import { addDays } from "../format/service-day";
import { showChange, showDate, showNumber, showTime } from "../format/show";
import { t, type MessageKey } from "../i18n/catalogue";
import { comparedPair, select } from "../state/address";
import { truckName } from "../state/fleet";
import { loaded } from "../state/loading";
import { plans, publishedSummary } from "../state/plans";
import { pointName } from "../state/register";

/** What the choice of the other plan says where it means the published plan of the day before. */
const YESTERDAY = "yesterday";
const MOST_MOVED_SHOWN = 400;

interface Compared {
  before: PlanFigures;
  after: PlanFigures;
  /** Null where the two are of different days, whose visits are not the same. */
  moved: MovedVisit[] | null;
  retimed: number;
}

export function ComparePlans({ plan }: { plan: Plan }) {
  const others = plans.value.value.filter((other) => other.id !== plan.id && other.status === "ready");
  const otherId = otherOf(plan, others);
  const compared = useMemo(() => loaded<Compared | null>(null), []);
  useEffect(() => {
    compared.clear();
    void compared.load(() => (otherId === YESTERDAY ? besideYesterday(plan) : besideOther(plan, otherId)));
  }, [plan.id, otherId]);
  const answer = compared.value.value;
  return (
    <div class="compare">
      <label class="compare-with">
        <span>{t("compare.with")}</span>
        <select value={otherId} onChange={(event) => (comparedPair.value = `${plan.id}:${event.currentTarget.value}`)}>
          {others.map((other) => (
            <option key={other.id} value={other.id}>
              {`${showTime(other.requested_at)} · ${showNumber(other.cost)}`}
              {other.published && ` · ${t("plan.published")}`}
            </option>
          ))}
          <option value={YESTERDAY}>{t("compare.yesterday", { date: showDate(addDays(plan.date, -1)) })}</option>
        </select>
      </label>
      <Problem sentence={compared.error.value} />
      {compared.waiting.value && <p class="notice loading">{t("app.loading")}</p>}
      {answer === null && !compared.waiting.value && compared.error.value === null && (
        <p class="notice">{t("compare.noYesterday")}</p>
      )}
      {answer !== null && <FiguresTable before={answer.before} after={answer.after} />}
      {answer !== null && answer.moved !== null && <MovedTable moved={answer.moved} retimed={answer.retimed} />}
    </div>
  );
}

/** The chosen plan, else the one that it revises, else the published one, else yesterday's. */
function otherOf(plan: Plan, others: readonly PlanSummary[]): string {
  const [planId, chosen] = comparedPair.value.split(":");
  const wanted = [planId === plan.id ? chosen : undefined, plan.revision_of, publishedSummary.value?.id, others[0]?.id];
  return wanted.find((id) => id === YESTERDAY || others.some((other) => other.id === id)) ?? YESTERDAY;
}

async function besideOther(plan: Plan, otherId: string): Promise<Compared> {
  return comparePlans(plan.id, otherId);
}

async function besideYesterday(plan: Plan): Promise<Compared | null> {
  const published = (await fetchPlans(addDays(plan.date, -1))).find((each) => each.published);
  if (published === undefined) return null;
  return { before: figuresOf(await fetchPlan(published.id)), after: figuresOf(plan), moved: null, retimed: 0 };
}

function figuresOf(plan: Plan): PlanFigures {
  return {
    vehicles: plan.routes.length,
    distance_m: plan.distance_m ?? 0,
    duration_s: plan.duration_s ?? 0,
    collected_kg: plan.routes.reduce((sum, route) => sum + route.collected_kg, 0),
    served: plan.served ?? 0,
    unserved: plan.unserved.length,
    cost: plan.cost ?? 0,
  };
}

/** Figures in the order of the table: how much one unit of the table is, its decimals, and what more of it means. */
const ROWS = [
  ["vehicles", "compare.vehicles", 1, 0],
  ["distance_m", "compare.km", 1000, 1],
  ["duration_s", "compare.hours", 3600, 1],
  ["collected_kg", "compare.tonnes", 1000, 1],
  ["served", "compare.served", 1, 0],
  ["unserved", "compare.unserved", 1, 0],
  ["cost", "compare.cost", 1, 1],
] as const satisfies readonly [keyof PlanFigures, MessageKey, number, number][];

function FiguresTable({ before, after }: { before: PlanFigures; after: PlanFigures }) {
  return (
    <table class="grid compare-figures">
      <thead>
        <tr>
          <th scope="col">{t("compare.figure")}</th>
          {[t("compare.before"), t("compare.after"), t("compare.change")].map((name) => (
            <th key={name} scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ROWS.map(([name, key, unit, digits]) => (
          <tr key={name} data-figure={name}>
            <th scope="row">{t(key)}</th>
            <td class="number">{showNumber(before[name] / unit, digits)}</td>
            <td class="number">{showNumber(after[name] / unit, digits)}</td>
            <td class={`number${name === "unserved" && after[name] > before[name] ? " warn" : ""}`}>
              {showChange((after[name] - before[name]) / unit, digits)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MovedTable({ moved, retimed }: { moved: readonly MovedVisit[]; retimed: number }) {
  return (
    <>
      <p class="notice">{t("compare.movedCount", { moved: moved.length, retimed })}</p>
      {moved.length > 0 && (
        <table class="grid compare-moved">
          <thead>
            <tr>
              <th scope="col">{t("compare.visit")}</th>
              <th scope="col">{t("compare.before")}</th>
              <th scope="col">{t("compare.after")}</th>
            </tr>
          </thead>
          <tbody>
            {moved.slice(0, MOST_MOVED_SHOWN).map((visit) => (
              <tr key={`${visit.occurrence} ${visit.point_id}`}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => select("point", visit.point_id)}>
                    {pointName(visit.point_id)}
                  </button>
                </th>
                <td>{whoAndWhen(visit.from_vehicle_ids, visit.from_at)}</td>
                <td>{whoAndWhen(visit.to_vehicle_ids, visit.to_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {moved.length > MOST_MOVED_SHOWN && <p class="notice">{t("compare.onlyFirst", { count: MOST_MOVED_SHOWN })}</p>}
    </>
  );
}

function whoAndWhen(vehicleIds: readonly string[], at: string | null): string {
  if (vehicleIds.length === 0) return t("compare.leftOut");
  return `${vehicleIds.map(truckName).join(" + ")} ${at === null ? "" : showTime(at)}`;
}
