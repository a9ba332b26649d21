/** The cost of a plan falling as the planner works. */
import type { PlanProgress, PlanSummary } from "../api/types";
import { Chart, type ChartSeries } from "../components/chart";
import { showNumber, showRatio } from "../format/show";
import { t } from "../i18n/catalogue";
import { isRunning, progressByPlan } from "../state/plans";

const HEIGHT = 150;

export function CostChart({ plan }: { plan: PlanSummary }) {
  const progress = progressByPlan.value.get(plan.id) ?? [];
  if (progress.length === 0) {
    return isRunning(plan) ? <p class="notice loading">{t("plan.waitingForCost")}</p> : null;
  }
  const series: ChartSeries[] = [
    {
      label: t("plan.cost"),
      values: progress.map((step) => step.cost),
      colour: "accent",
      kind: "steps",
      show: (value) => showNumber(value),
    },
  ];
  return (
    <figure class="cost-chart">
      <figcaption>
        {t("plan.costCurve")}
        <SavedBadge progress={progress} />
      </figcaption>
      <Chart
        label={t("plan.costCurve")}
        x={progress.map((step) => step.elapsed_s)}
        xLabel={t("plan.timeAxis")}
        showX={(seconds) => t("unit.s", { value: showNumber(seconds) })}
        series={series}
        height={HEIGHT}
        range={costRange}
      />
    </figure>
  );
}

/** Room above and below the costs; they differ by little, so the axis does not start at 0. */
function costRange(low: number, high: number): [number, number] {
  const margin = Math.max((high - low) * 0.15, high * 0.005);
  return [low - margin, high + margin];
}

function SavedBadge({ progress }: { progress: readonly PlanProgress[] }) {
  const first = progress[0];
  const last = progress.at(-1);
  if (first === undefined || last === undefined || last.cost >= first.cost) return null;
  return <span class="badge">{t("plan.saved", { percent: showRatio(1 - last.cost / first.cost) })}</span>;
}
