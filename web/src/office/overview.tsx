/** The day's and the month's rate, and how the month went day by day. */
import { Chart } from "../components/chart";
import { Meter } from "../components/meter";
import { Notice } from "../components/notice";
import { showDate, showNumber, showRatio, showTonnes } from "../format/show";
import { t } from "../i18n/office";
import { town } from "../state/clock";
import { chosenKey, day, month, showOnly } from "./state";
import { byDay, monthStart, sumOf, type Sum } from "./sums";

const CHART_HEIGHT = 170;

export function Overview() {
  const figures = month.value.value;
  const days = byDay(figures);
  const ofDay = sumOf(figures.filter((figure) => figure.date === day.value));
  return (
    <>
      <Notice of={month} isEmpty={figures.length === 0} empty={t("noFigures")} />
      <div class="rates">
        <Rate name={t("thatDay")} sum={ofDay} testId="day" isOpen />
        <Rate name={t("month")} sum={sumOf(figures)} testId="month">
          {t("days", { from: showDate(monthStart(day.value)), to: showDate(day.value), count: days.length })}
        </Rate>
      </div>
      {days.length > 1 && (
        <figure class="month-chart">
          <figcaption>{t("chart")}</figcaption>
          <Chart
            label={t("chart")}
            x={days.map((_, index) => index)}
            xLabel={t("chartDay")}
            showX={(index) => (days[index] === undefined ? "" : showDate(days[index].date))}
            series={[
              {
                label: t("rate"),
                values: days.map(({ sum }) => sum.clearanceRate),
                colour: "state-cleared",
                kind: "line",
                show: (value) => showRatio(value, 0),
              },
            ]}
            height={CHART_HEIGHT}
            range={() => [0, 1.02]}
          />
        </figure>
      )}
    </>
  );
}

interface RateProps {
  name: string;
  sum: Sum;
  testId: string;
  /** Whether the counts lead to the visits behind them. */
  isOpen?: boolean;
  children?: string;
}

function Rate({ name, sum, testId, isOpen = false, children }: RateProps) {
  const open = (which: "missed" | "all") => {
    showOnly(which);
    chosenKey.value = "*";
  };
  const targets = town.value?.targets;
  const counts = t("counts", { cleared: showNumber(sum.cleared), due: showNumber(sum.due) });
  const missed = t("missedCounts", { missed: showNumber(sum.missed), pending: showNumber(sum.pending) });
  return (
    <section class="rate-card" data-rate={testId}>
      <h2>{name}</h2>
      <p class="rate-value">{showRatio(sum.clearanceRate)}</p>
      <Meter ratio={sum.clearanceRate} label={showRatio(sum.clearanceRate)} target={targets?.clearance_rate ?? null} />
      {isOpen ? (
        <p>
          <button type="button" class="link" onClick={() => open("all")}>
            {counts}
          </button>
          {" · "}
          <button type="button" class="link" onClick={() => open("missed")}>
            {missed}
          </button>
        </p>
      ) : (
        <p>
          {counts} · {missed}
        </p>
      )}
      {typeof targets?.clearance_rate === "number" && (
        <p class="rate-weights">{t("target", { rate: showRatio(targets.clearance_rate, 0) })}</p>
      )}
      <p class="rate-weights" data-weights="collection">
        {t("collection", {
          rate: showRatio(sum.collectionRate),
          tipped: showTonnes(sum.tippedKg),
          expected: showTonnes(sum.expectedKg),
        })}
      </p>
      <p class="rate-weights">
        {t("treatment", {
          rate: showRatio(sum.treatmentRate),
          received: showTonnes(sum.receivedKg),
          tipped: showTonnes(sum.tippedKg),
        })}
      </p>
      {children !== undefined && <p class="rate-weights">{children}</p>}
    </section>
  );
}
