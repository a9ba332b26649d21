/** A chart by uPlot that fits its box and follows the theme. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { t } from "../i18n/catalogue";
import { paintedTheme, token } from "../state/theme";
import "./chart.css";

export interface ChartSeries {
  label: string;
  values: (number | null)[];
  /** A colour token. */
  colour: string;
  kind: "line" | "bars" | "steps";
  /** How a value is read out. */
  show: (value: number) => string;
}

interface ChartProps {
  label: string;
  x: number[];
  /** What the horizontal axis counts. */
  xLabel: string;
  showX: (x: number) => string;
  series: ChartSeries[];
  height: number;
  /** The least span of the value axis; by default from 0 up. */
  range?: (low: number, high: number) => [number, number];
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const structure = props.series.map((series) => `${series.label}|${series.kind}`).join();
  const currentTheme = paintedTheme.value;
  const newest = useRef(props);
  newest.current = props;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(newest, element.clientWidth), dataOf(newest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: newest.current.height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [structure, currentTheme, props.height]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.x, props.series]);
  return <div class="chart" ref={box} role="img" aria-label={props.label} />;
}

function dataOf(props: ChartProps): uPlot.AlignedData {
  return [props.x, ...props.series.map((series) => series.values)];
}

/** Options read the newest properties, so that a change of data needs no new chart. */
function optionsOf(newest: { current: ChartProps }, width: number): uPlot.Options {
  const props = newest.current;
  const grid = { stroke: token("line"), width: 1 };
  const axis = { stroke: token("ink-2"), grid, ticks: grid, font: `11px ${token("font")}` };
  return {
    width,
    height: props.height,
    padding: [8, 18, 0, 0],
    cursor: { drag: { x: false, y: false } },
    legend: { live: true, markers: { width: 2 } },
    scales: {
      x: {
        time: false,
        range: (_, low, high) =>
          low === high ? [low - 1, high + 1] : [low - barMargin(props), high + barMargin(props)],
      },
      y: { range: (_, low, high) => props.range?.(low, high) ?? [0, Math.max(high * 1.1, 1)] },
    },
    axes: [
      { ...axis, size: 26, gap: 4, values: (_, splits) => eachOnce(splits.map((x) => newest.current.showX(x))) },
      { ...axis, size: 52, gap: 4, values: (_, splits) => eachOnce(splits.map((y) => props.series[0]?.show(y) ?? "")) },
    ],
    series: [
      { label: props.xLabel, value: (_, x: number | null) => (x === null ? t("app.none") : newest.current.showX(x)) },
      ...props.series.map((series, index) => seriesOptions(series, index < props.series.length - 1)),
    ],
  };
}

/** Marks between two whole numbers would say one of them twice: each is written where it first stands. */
function eachOnce(marks: readonly string[]): string[] {
  return marks.map((mark, index) => (mark === marks[index - 1] ? "" : mark));
}

/** Bars at the ends need room for half their width. */
function barMargin(props: ChartProps): number {
  return props.series.some((series) => series.kind === "bars") ? 0.6 : 0;
}

function seriesOptions(series: ChartSeries, isBehind: boolean): uPlot.Series {
  const colour = token(series.colour);
  const shared = {
    label: series.label,
    stroke: colour,
    width: series.kind === "bars" ? 1 : 2,
    value: (_: uPlot, value: number | null) => (value === null ? t("app.none") : series.show(value)),
    points: { show: series.kind === "line", size: 6, fill: colour },
  };
  if (series.kind === "line" || uPlot.paths.bars === undefined || uPlot.paths.stepped === undefined) return shared;
  if (series.kind === "steps") return { ...shared, paths: uPlot.paths.stepped({ align: 1 }) };
  // Bars lie over one another, the later ones narrower: what was due behind what was cleared.
  const bars = uPlot.paths.bars({ size: [isBehind ? 0.82 : 0.5, 60] });
  return { ...shared, paths: bars, fill: isBehind ? token("surface-3") : colour };
}
