/** The timeline's rows on a canvas that draws what is in view, with mouse and keyboard. */
import { effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { showChange } from "../format/show";
import { t } from "../i18n/catalogue";
import { select, selection } from "../state/address";
import { carried, carriedPrices, dropOn, pickUp, putBack } from "../state/carrying";
import { nowMs } from "../state/clock";
import { dayTracks, wantTracks } from "../state/day-tracks";
import { isReplaying, passedUntilMs, pointed, replayAt, replayMs, togglePlaying } from "../state/cursor";
import { truckName } from "../state/fleet";
import { mayRevise } from "../state/revising";
import { dueVisits } from "../state/visits";
import { barAt, type Bar } from "./bars";
import { instantAt, NAMES_PX, paintLine, paintRow, palette, ROW_PX, type Scale } from "./paint";
import { actualOf, plannedOf, timelinePlan, timelineRows, type TimelineRow } from "./rows";
import { bringIntoView, pan, shownSpan, zoom } from "./view";

/** Trucks whose tracks a replay shows on the map, beside those in view. */
const MOST_REPLAYED = 60;
const DRAG_PX = 6;
const BAR_SLACK_PX = 3;

/** The row that the keyboard is at. */
const focusedRow = signal(0);
const hasFocus = signal(false);
/** The row that a carried visit is over. */
const targetRow = signal<number | null>(null);

/** What the keyboard's cursor is at, for those who do not see it; the panel reads it out. */
export const spokenStop = signal<{ row: TimelineRow; bar: Bar | null } | null>(null);

export function TimelineCanvas() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = timelineRows.value;
  useEffect(() => {
    if (box.current === null || canvas.current === null) return;
    return drive(box.current, canvas.current);
  }, []);
  return (
    <div
      class={`timeline-rows${carried.value === null ? "" : " carrying"}`}
      ref={box}
      tabIndex={0}
      role="application"
      aria-label={t("timeline.label", { count: rows.length })}
      aria-describedby="timeline-readout"
    >
      <canvas ref={canvas} aria-hidden="true" />
      <div style={{ height: `${rows.length * ROW_PX}px` }} />
    </div>
  );
}

/** Whatever is painted: a change of it repaints. */
const PAINTED: readonly ReadonlySignal<unknown>[] = [
  timelineRows,
  timelinePlan,
  shownSpan,
  dayTracks,
  dueVisits.value,
  nowMs,
  selection,
  pointed,
  replayMs,
  palette,
  carried,
  carriedPrices,
  focusedRow,
  hasFocus,
  targetRow,
];

/** Paint when something changes, and listen; returns what ends both. */
function drive(box: HTMLDivElement, canvas: HTMLCanvasElement): () => void {
  let frame = 0;
  const scale = (): Scale => ({ ...shownSpan.peek(), widthPx: Math.max(1, box.clientWidth - NAMES_PX) });
  const schedule = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paint(box, canvas, scale());
    });
  };
  const observer = new ResizeObserver(schedule);
  observer.observe(box);
  box.addEventListener("scroll", schedule, { passive: true });
  const endings = [
    effect(() => {
      PAINTED.forEach((each) => each.value);
      schedule();
    }),
    effect(() => {
      [timelineRows, selection, isReplaying, nowMs].forEach((each) => each.value);
      untracked(() => wantTracks(wantedTracks(box)));
    }),
    effect(() => {
      const chosen = selection.value;
      if (chosen?.kind === "vehicle") untracked(() => scrollTo(box, chosen.id));
    }),
    listen(box, scale),
    listenToKeys(box),
  ];
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    box.removeEventListener("scroll", schedule);
    pointed.value = null;
    for (const end of endings) end();
  };
}

function rowsInView(box: HTMLElement): [first: number, last: number] {
  const first = Math.floor(box.scrollTop / ROW_PX);
  return [first, Math.min(timelineRows.peek().length, Math.ceil((box.scrollTop + box.clientHeight) / ROW_PX))];
}

function wantedTracks(box: HTMLElement): string[] {
  const [first, last] = rowsInView(box);
  const rows = timelineRows.peek();
  const chosen = selection.peek();
  const inView = rows.slice(first, last).map((row) => row.vehicleId);
  const others = !isReplaying.peek() ? [] : rows.slice(0, MOST_REPLAYED).map((row) => row.vehicleId);
  return [...new Set([...(chosen?.kind === "vehicle" ? [chosen.id] : []), ...inView, ...others])];
}

function scrollTo(box: HTMLElement, vehicleId: string): void {
  const index = timelineRows.peek().findIndex((row) => row.vehicleId === vehicleId);
  if (index < 0) return;
  if (!hasFocus.peek()) focusedRow.value = index;
  keepInView(box, index);
}

function keepInView(box: HTMLElement, index: number): void {
  const top = index * ROW_PX;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_PX > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_PX - box.clientHeight;
}

function paint(box: HTMLElement, canvas: HTMLCanvasElement, scale: Scale): void {
  const pixelRatio = Math.min(2, devicePixelRatio);
  const [width, height] = [box.clientWidth, box.clientHeight];
  if (canvas.width !== Math.round(width * pixelRatio) || canvas.height !== Math.round(height * pixelRatio)) {
    canvas.width = Math.round(width * pixelRatio);
    canvas.height = Math.round(height * pixelRatio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  const colours = palette.value;
  pen.fillStyle = colours["surface"] ?? "";
  pen.fillRect(0, 0, width, height);
  const [first, last] = rowsInView(box);
  const rows = timelineRows.peek();
  for (let index = first; index < last; index++) {
    const row = rows[index];
    if (row !== undefined) paintRow(pen, looksOf(row, index), index * ROW_PX - box.scrollTop, scale, colours);
  }
  paintLine(pen, nowMs.peek(), height, scale, colours["state-missed"] ?? "", true);
  const cursorMs = pointed.peek()?.atMs ?? replayMs.peek();
  if (cursorMs !== null) paintLine(pen, cursorMs, height, scale, colours["map-planned"] ?? "", false);
}

function looksOf(row: TimelineRow, index: number) {
  const chosen = selection.peek();
  const known = timelinePlan.peek()?.circumstances ?? null;
  const isIn = (ids: readonly string[] | undefined) => ids?.includes(row.vehicleId) ?? false;
  const price = carried.peek() === null ? undefined : carriedPrices.peek().get(row.vehicleId);
  return {
    name: truckName(row.vehicleId),
    isLocked: isIn(known?.locked_vehicles),
    isOut: isIn(known?.broken_vehicles) || isIn(known?.excluded_vehicles),
    planned: plannedOf(row),
    actual: actualOf(row),
    hasTrack: dayTracks.peek().has(row.vehicleId),
    isSelected: chosen?.kind === "vehicle" && chosen.id === row.vehicleId,
    isFocused: hasFocus.peek() && focusedRow.peek() === index,
    isTarget: carried.peek() !== null && targetRow.peek() === index,
    price: price === undefined ? null : showChange(price.extra_cost, 1),
  };
}

/** A planned visit that can be taken up, at a place of the canvas. */
function visitAt(row: TimelineRow, atMs: number, scale: Scale): Bar | null {
  const slackMs = (BAR_SLACK_PX / scale.widthPx) * (scale.toMs - scale.fromMs);
  const found = barAt(plannedOf(row), atMs, slackMs);
  return found?.doing === "service" ? found : null;
}

function carry(row: TimelineRow, bar: Bar | null): boolean {
  if (bar?.doing !== "service" || bar.id === null || !mayRevise.peek()) return false;
  pickUp({ pointId: bar.id, occurrence: bar.occurrence ?? 1, vehicleId: row.vehicleId });
  return true;
}

function listen(box: HTMLDivElement, scale: () => Scale): () => void {
  let pressed: { row: TimelineRow; bar: Bar | null; y: number } | null = null;
  const placeOf = (event: MouseEvent) => {
    const area = box.getBoundingClientRect();
    const index = Math.floor((event.clientY - area.top + box.scrollTop) / ROW_PX);
    const x = event.clientX - area.left;
    return { index, row: timelineRows.peek()[index], x, atMs: instantAt(x, scale()) };
  };
  const handlers = {
    pointermove(event: PointerEvent) {
      const { index, row, x, atMs } = placeOf(event);
      if (pressed !== null && carried.peek() === null && Math.abs(event.clientY - pressed.y) > DRAG_PX) {
        if (carry(pressed.row, pressed.bar)) box.setPointerCapture(event.pointerId);
        else pressed = null;
      }
      targetRow.value = row === undefined ? null : index;
      pointed.value = row === undefined || x < NAMES_PX ? null : { vehicleId: row.vehicleId, atMs };
    },
    pointerleave() {
      pointed.value = null;
      targetRow.value = null;
    },
    pointerdown(event: PointerEvent) {
      const { row, atMs } = placeOf(event);
      if (event.button === 0 && row !== undefined)
        pressed = { row, bar: visitAt(row, atMs, scale()), y: event.clientY };
    },
    pointerup(event: PointerEvent) {
      const { row, index, x, atMs } = placeOf(event);
      const wasPressed = pressed !== null;
      pressed = null;
      if (carried.peek() !== null) {
        if (row === undefined) putBack();
        else void dropOn(row.vehicleId);
        return;
      }
      if (!wasPressed || row === undefined) return;
      focusedRow.value = index;
      select("vehicle", row.vehicleId);
      if (x >= NAMES_PX && atMs <= passedUntilMs.peek()) replayAt(atMs);
    },
    pointercancel() {
      pressed = null;
      putBack();
    },
    // A stop that is dragged from a card.
    dragover(event: DragEvent) {
      const { row, index } = placeOf(event);
      if (carried.peek() === null || row === undefined) return;
      event.preventDefault();
      targetRow.value = index;
    },
    drop(event: DragEvent) {
      const { row } = placeOf(event);
      if (carried.peek() === null || row === undefined) return;
      event.preventDefault();
      void dropOn(row.vehicleId);
    },
    wheel(event: WheelEvent) {
      if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, placeOf(event).atMs);
      else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        pan((event.deltaX + event.deltaY) / 800);
      } else return;
      event.preventDefault();
    },
  };
  for (const [name, handler] of Object.entries(handlers)) {
    box.addEventListener(name, handler as EventListener, { passive: false });
  }
  return () => {
    for (const [name, handler] of Object.entries(handlers)) box.removeEventListener(name, handler as EventListener);
  };
}

/** Arrows move between trucks and stops, M takes a visit up, Enter drops it or selects, space plays. */
function listenToKeys(box: HTMLDivElement): () => void {
  const keydown = (event: KeyboardEvent) => {
    if (pressKey(box, event)) event.preventDefault();
  };
  const focus = () => (hasFocus.value = true);
  const blur = () => (hasFocus.value = false);
  box.addEventListener("keydown", keydown);
  box.addEventListener("focus", focus);
  box.addEventListener("blur", blur);
  return () => {
    hasFocus.value = false;
    box.removeEventListener("keydown", keydown);
    box.removeEventListener("focus", focus);
    box.removeEventListener("blur", blur);
  };
}

function pressKey(box: HTMLDivElement, event: KeyboardEvent): boolean {
  const row = timelineRows.peek()[focusedRow.peek()];
  const atMs = pointed.peek()?.atMs ?? replayMs.peek() ?? nowMs.peek();
  switch (event.key) {
    case "ArrowUp":
    case "ArrowDown":
      moveRow(box, event.key === "ArrowDown" ? 1 : -1);
      return true;
    case "ArrowLeft":
    case "ArrowRight":
      if (row !== undefined) moveStop(row, atMs, event.key === "ArrowRight" ? 1 : -1);
      return true;
    case "m":
    case "M":
      if (carried.peek() === null && row !== undefined && carry(row, barAt(plannedOf(row), atMs))) {
        targetRow.value = focusedRow.peek();
      } else putBack();
      return true;
    case "Enter":
      if (row === undefined) return false;
      if (carried.peek() !== null) void dropOn(row.vehicleId);
      else select("vehicle", row.vehicleId);
      return true;
    case "Escape":
      if (carried.peek() === null) return false;
      putBack();
      return true;
    case "+":
    case "=":
      zoom(0.6, atMs);
      return true;
    case "-":
      zoom(1 / 0.6, atMs);
      return true;
    case " ":
      togglePlaying();
      return true;
    default:
      return false;
  }
}

function moveRow(box: HTMLDivElement, step: 1 | -1): void {
  const rows = timelineRows.peek();
  const index = Math.min(Math.max(focusedRow.peek() + step, 0), rows.length - 1);
  focusedRow.value = index;
  keepInView(box, index);
  const row = rows[index];
  if (row === undefined) return;
  if (carried.peek() !== null) targetRow.value = index;
  if (pointed.peek() !== null) pointed.value = { vehicleId: row.vehicleId, atMs: pointed.peek()?.atMs ?? 0 };
  spokenStop.value = { row, bar: null };
}

/** To the next or last stop of the row's plan; the cursor goes along. */
function moveStop(row: TimelineRow, atMs: number, step: 1 | -1): void {
  const stops = plannedOf(row).filter((bar) => bar.id !== null || bar.doing === "break");
  const next =
    step > 0 ? stops.find((bar) => bar.fromMs > atMs + 500) : stops.findLast((bar) => bar.fromMs < atMs - 500);
  if (next === undefined) return;
  bringIntoView(next.fromMs);
  pointed.value = { vehicleId: row.vehicleId, atMs: next.fromMs };
  spokenStop.value = { row, bar: next };
}
