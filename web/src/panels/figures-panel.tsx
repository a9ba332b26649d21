/** The figures panel: clearance by zone, contractor, vehicle, hour or day, as a table and a chart. */
import type { ClearanceFigures } from "../api/types";
import { Chart, type ChartSeries } from "../components/chart";
import { Meter } from "../components/meter";
import { Notice } from "../components/notice";
import { showDate, showNumber, showRatio } from "../format/show";
import { t } from "../i18n/catalogue";
import { passedOf, town, viewedDate } from "../state/clock";
import {
  FIGURE_VIEWS,
  figureView,
  groupedFigures,
  showFiguresBy,
  townFigures,
  type FigureView,
} from "../state/figures";
import { truckName } from "../state/fleet";
import { contractorName, zoneName } from "../state/register";
import { hoursInOrder, type HourFigures } from "./hours";
import { Chip } from "./list-parts";

const CHART_HEIGHT = 200;

export function FiguresPanel() {
  const view = figureView.value;
  const rows = view === "hour" ? hoursOf(groupedFigures.value.value) : groupedFigures.value.value;
  const isSeries = view === "hour" || view === "day";
  return (
    <div class={`figures-panel${isSeries ? " with-chart" : ""}`}>
      <div class="chips" role="group" aria-label={t("figures.groupBy")}>
        {FIGURE_VIEWS.map((name) => (
          <Chip key={name} chosen={view === name} onChoose={() => showFiguresBy(name)}>
            {t(`figures.${name}`)}
          </Chip>
        ))}
      </div>
      <Notice of={groupedFigures} isEmpty={rows.length === 0} empty={t("figures.empty")} />
      {rows.length > 0 && (
        <div class="figures-body">
          {isSeries && <SeriesChart view={view} rows={rows} />}
          <FiguresTable view={view} rows={rows} />
        </div>
      )}
    </div>
  );
}

/** The hours of the viewed day; those of it that have not begun say nothing of what was collected. */
function hoursOf(rows: readonly ClearanceFigures[]): readonly HourFigures[] {
  const passed = passedOf(viewedDate.value);
  const passedMs = passed === null ? 0 : passed.end.getTime() - passed.start.getTime();
  return hoursInOrder(rows, town.value?.day_start ?? "00:00", passedMs);
}

function FiguresTable({ view, rows }: { view: FigureView; rows: readonly ClearanceFigures[] }) {
  const isSeries = view === "hour" || view === "day";
  const isByHour = view === "hour";
  const ordered = isSeries ? rows : [...rows].sort(worstFirst);
  const total = townFigures.value.value;
  return (
    <div class="figures-scroll" role="region" aria-label={t("figures.heading")} tabIndex={0}>
      <table class="grid figures">
        <thead>
          <tr>
            <th scope="col">{t("figures.key")}</th>
            <th scope="col">{t("figures.rate")}</th>
            <th scope="col" class="number">
              {t("figures.cleared")}
            </th>
            <th scope="col" class="number">
              {t("figures.due")}
            </th>
            <th scope="col" class="number">
              {t("visitStatus.missed")}
            </th>
            <th scope="col" class="number">
              {t("figures.tipped")}
            </th>
            <th scope="col" class="number">
              {isByHour ? t("figures.collectedByThen") : t("figures.collectionRate")}
            </th>
            {!isByHour && (
              <th scope="col" class="number">
                {t("figures.treatmentRate")}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {ordered.map((row) => (
            <FiguresRow key={`${row.date ?? ""} ${row.key}`} name={nameOf(view, row)} row={row} isByHour={isByHour} />
          ))}
        </tbody>
        {view !== "day" && total !== null && (
          <tfoot>
            <FiguresRow name={t("figures.total")} row={total} isByHour={isByHour} />
          </tfoot>
        )}
      </table>
      {isByHour && <p class="notice">{t("figures.byHourHint")}</p>}
    </div>
  );
}

interface FiguresRowProps {
  name: string;
  row: ClearanceFigures | HourFigures;
  isByHour: boolean;
}

function FiguresRow({ name, row, isByHour }: FiguresRowProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="rate">
        <Meter
          ratio={row.clearance_rate}
          label={showRatio(row.clearance_rate)}
          target={town.value?.targets?.clearance_rate ?? null}
        />
        <span>{showRatio(row.clearance_rate)}</span>
      </td>
      <td class="number">{showNumber(row.cleared)}</td>
      <td class="number">{showNumber(row.due)}</td>
      <td class={`number${row.missed > 0 ? " warn" : ""}`}>{showNumber(row.missed)}</td>
      <td class="number">{showNumber(row.tipped_kg)}</td>
      <td class="number">{showRatio("collected_by_then" in row ? row.collected_by_then : row.collection_rate)}</td>
      {!isByHour && <td class="number">{showRatio(row.treatment_rate)}</td>}
    </tr>
  );
}

function worstFirst(a: ClearanceFigures, b: ClearanceFigures): number {
  return (a.clearance_rate ?? 2) - (b.clearance_rate ?? 2) || b.due - a.due;
}

/** The key of what belongs to no zone, contractor or vehicle. */
const UNASSIGNED = "unassigned";

function nameOf(view: FigureView, row: ClearanceFigures): string {
  if (row.key === UNASSIGNED) return t("figures.unassigned");
  switch (view) {
    case "zone":
      return zoneName(row.key) ?? row.key;
    case "contractor":
      return contractorName(row.key) ?? row.key;
    case "vehicle":
      return truckName(row.key);
    case "hour":
      return row.key;
    case "day":
      return row.date === undefined ? row.key : showDate(row.date);
  }
}

function SeriesChart({ view, rows }: { view: FigureView; rows: readonly ClearanceFigures[] }) {
  const caption = view === "hour" ? t("figures.chartByHour") : t("figures.chartByDay");
  const showX = (x: number) => {
    const row = rows[x];
    return row === undefined ? "" : nameOf(view, row);
  };
  return (
    <figure class="series-chart">
      <figcaption>{caption}</figcaption>
      <Chart
        label={caption}
        x={rows.map((_, index) => index)}
        xLabel={view === "hour" ? t("figures.hour") : t("top.date")}
        showX={showX}
        series={view === "hour" ? hourSeries(rows) : daySeries(rows)}
        height={CHART_HEIGHT}
        {...(view === "day" ? { range: (): [number, number] => [0, 1.02] } : {})}
      />
    </figure>
  );
}

function hourSeries(rows: readonly ClearanceFigures[]): ChartSeries[] {
  const show = (value: number) => showNumber(value);
  return [
    { label: t("figures.due"), values: rows.map((row) => row.due), colour: "line-strong", kind: "bars", show },
    {
      label: t("figures.cleared"),
      values: rows.map((row) => row.cleared),
      colour: "state-cleared",
      kind: "bars",
      show,
    },
  ];
}

function daySeries(rows: readonly ClearanceFigures[]): ChartSeries[] {
  const values = rows.map((row) => row.clearance_rate);
  const show = (value: number) => showRatio(value, 0);
  return [{ label: t("figures.rate"), values, colour: "state-cleared", kind: "line", show }];
}
