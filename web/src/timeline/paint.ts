/** Painting the timeline's rows on a canvas: per truck the plan's bar over the actual one. */
import { computed } from "@preact/signals";

import { paintedTheme, token } from "../state/theme";
import type { Bar, Doing } from "./bars";

export const ROW_PX = 34;
export const NAMES_PX = 104;
const PLAN_TOP_PX = 5;
const ACTUAL_TOP_PX = 19;
const BAR_PX = 11;
const WAY_PX = 3;
const LEAST_BAR_PX = 1.5;

export interface Scale {
  fromMs: number;
  toMs: number;
  /** Width of the bars' part in CSS pixels. */
  widthPx: number;
}

export interface PaintedRow {
  name: string;
  isLocked: boolean;
  isOut: boolean;
  planned: readonly Bar[];
  actual: readonly Bar[];
  /** Whether its track was fetched; without it only visits are known. */
  hasTrack: boolean;
  isSelected: boolean;
  isFocused: boolean;
  isTarget: boolean;
  price: string | null;
}

/** The left edge of an instant, in CSS pixels from the canvas's left. */
export function xOf(atMs: number, { fromMs, toMs, widthPx }: Scale): number {
  return NAMES_PX + ((atMs - fromMs) / (toMs - fromMs)) * widthPx;
}

/** The instant at a place of the canvas. */
export function instantAt(x: number, { fromMs, toMs, widthPx }: Scale): number {
  return fromMs + ((x - NAMES_PX) / widthPx) * (toMs - fromMs);
}

export type Palette = Readonly<Record<string, string>>;

const TOKENS = [
  "surface",
  "surface-2",
  "accent-soft",
  "line",
  "line-strong",
  "ink",
  "ink-2",
  "ink-3",
  "accent",
  "accent-ink",
  "map-facility",
  "map-planned",
  "state-due",
  "state-missed",
  "focus",
  "font",
];

/** The theme's colours; reading them from the document makes the browser work out its styles, so that is done once. */
export const palette = computed<Palette>(() => {
  const colours = TOKENS.map((name): [string, string] => [name, token(name)]);
  return Object.fromEntries([["theme", paintedTheme.value], ...colours]);
});

/** Paint a row whose top is at `top`. */
export function paintRow(pen: CanvasRenderingContext2D, row: PaintedRow, top: number, scale: Scale, of: Palette): void {
  const width = NAMES_PX + scale.widthPx;
  pen.fillStyle = of[row.isSelected || row.isTarget ? "accent-soft" : "surface"] ?? "";
  pen.fillRect(0, top, width, ROW_PX);
  pen.fillStyle = of["line"] ?? "";
  pen.fillRect(0, top + ROW_PX - 1, width, 1);
  pen.save();
  pen.beginPath();
  pen.rect(NAMES_PX, top, scale.widthPx, ROW_PX);
  pen.clip();
  for (const bar of row.planned) paintBar(pen, bar, top + PLAN_TOP_PX, scale, of, true);
  for (const bar of row.actual) paintBar(pen, bar, top + ACTUAL_TOP_PX, scale, of, false);
  pen.restore();
  paintName(pen, row, top, of);
  if (row.isFocused || row.isTarget) {
    pen.strokeStyle = of[row.isTarget ? "accent" : "focus"] ?? "";
    pen.lineWidth = 2;
    pen.setLineDash(row.isTarget ? [5, 4] : []);
    pen.strokeRect(1, top + 1, width - 2, ROW_PX - 3);
    pen.setLineDash([]);
  }
}

function paintName(pen: CanvasRenderingContext2D, row: PaintedRow, top: number, of: Palette): void {
  pen.fillStyle = of[row.isOut ? "ink-3" : "ink"] ?? "";
  pen.font = `${row.isSelected ? 600 : 400} 12.5px ${of["font"] ?? ""}`;
  pen.textBaseline = "middle";
  const middle = top + ROW_PX / 2 - 0.5;
  pen.fillText(row.name, 10, middle, NAMES_PX - 30);
  if (row.isOut) {
    pen.fillRect(10, middle, Math.min(pen.measureText(row.name).width, NAMES_PX - 30), 1);
  }
  if (row.isLocked) paintLock(pen, NAMES_PX - 18, middle, of);
  if (row.price === null) return;
  pen.font = `600 12px ${of["font"] ?? ""}`;
  const wide = pen.measureText(row.price).width + 12;
  pen.fillStyle = of["accent"] ?? "";
  pen.fillRect(NAMES_PX + 4, middle - 10, wide, 20);
  pen.fillStyle = of["accent-ink"] ?? "";
  pen.fillText(row.price, NAMES_PX + 10, middle + 1);
}

function paintLock(pen: CanvasRenderingContext2D, x: number, middle: number, of: Palette): void {
  pen.fillStyle = pen.strokeStyle = of["ink-2"] ?? "";
  pen.fillRect(x, middle - 1, 10, 7);
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.arc(x + 5, middle - 1, 3.2, Math.PI, 0);
  pen.stroke();
}

const COLOURS: Record<Doing, string> = {
  travel: "ink-3",
  service: "accent",
  unloading: "map-facility",
  break: "state-due",
  waiting: "ink-3",
};

/** Kinds differ in height and filling as well as in colour; what is late is red with a notch above it. */
function paintBar(
  pen: CanvasRenderingContext2D,
  bar: Bar,
  top: number,
  scale: Scale,
  of: Palette,
  isPlan: boolean,
): void {
  const from = xOf(bar.fromMs, scale);
  const width = Math.max(LEAST_BAR_PX, xOf(bar.toMs, scale) - from);
  if (from + width < NAMES_PX || from > NAMES_PX + scale.widthPx) return;
  pen.globalAlpha = isPlan ? 0.72 : 1;
  pen.fillStyle = pen.strokeStyle = of[bar.late ? "state-missed" : COLOURS[bar.doing]] ?? "";
  switch (bar.doing) {
    case "travel":
      pen.fillRect(from, top + (BAR_PX - WAY_PX) / 2, width, WAY_PX);
      break;
    case "service":
      pen.fillRect(from, top + 1, width, BAR_PX - 2);
      if (bar.late) pen.fillRect(from - 1.5, top - 2, Math.max(4, width + 3), 2);
      break;
    case "unloading":
      pen.fillRect(from, top, width, BAR_PX);
      break;
    case "break":
      paintStripes(pen, from, top, width);
      break;
    case "waiting":
      pen.lineWidth = 1;
      pen.strokeRect(from + 0.5, top + 2.5, Math.max(1, width - 1), BAR_PX - 5);
      break;
  }
  pen.globalAlpha = 1;
}

function paintStripes(pen: CanvasRenderingContext2D, from: number, top: number, width: number): void {
  pen.save();
  pen.beginPath();
  pen.rect(from, top, width, BAR_PX);
  pen.clip();
  pen.lineWidth = 2;
  pen.beginPath();
  for (let x = from - BAR_PX; x < from + width; x += 5) {
    pen.moveTo(x, top + BAR_PX);
    pen.lineTo(x + BAR_PX, top);
  }
  pen.stroke();
  pen.strokeRect(from, top, width, BAR_PX);
  pen.restore();
}

/** A vertical line at an instant, over `height` pixels. */
export function paintLine(
  pen: CanvasRenderingContext2D,
  atMs: number,
  height: number,
  scale: Scale,
  colour: string,
  isDashed: boolean,
): void {
  const x = Math.round(xOf(atMs, scale)) + 0.5;
  if (x < NAMES_PX || x > NAMES_PX + scale.widthPx) return;
  pen.strokeStyle = colour;
  pen.lineWidth = isDashed ? 1 : 1.5;
  pen.setLineDash(isDashed ? [4, 3] : []);
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, height);
  pen.stroke();
  pen.setLineDash([]);
}
