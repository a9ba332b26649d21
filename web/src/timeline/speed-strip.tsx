/** The speed of the selected truck along the same hours as the rows below. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Track } from "../api/types";
import { t } from "../i18n/catalogue";
import { selection } from "../state/address";
import { pointed, replayMs } from "../state/cursor";
import { dayTracks } from "../state/day-tracks";
import { truckName } from "../state/fleet";
import { NAMES_PX, paintLine, palette, xOf, type Palette, type Scale } from "./paint";
import { shownSpan } from "./view";

const HEIGHT_PX = 46;
const LEAST_TOP_KMH = 40;

export function SpeedStrip() {
  const chosen = selection.value?.kind === "vehicle" ? selection.value.id : null;
  if (chosen === null) return null;
  return <Strip key={chosen} vehicleId={chosen} />;
}

function Strip({ vehicleId }: { vehicleId: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let frame = 0;
    const schedule = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        paint(element, dayTracks.peek().get(vehicleId) ?? null);
      });
    };
    const observer = new ResizeObserver(schedule);
    observer.observe(element);
    const end = effect(() => {
      [dayTracks, shownSpan, pointed, replayMs, palette].forEach((each) => each.value);
      schedule();
    });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      end();
    };
  }, []);
  const label = t("timeline.speedOf", { vehicle: truckName(vehicleId) });
  return <canvas class="speed-strip" ref={canvas} role="img" aria-label={label} />;
}

function paint(canvas: HTMLCanvasElement, track: Track | null): void {
  const pixelRatio = Math.min(2, devicePixelRatio);
  canvas.width = Math.round(canvas.clientWidth * pixelRatio);
  canvas.height = Math.round(HEIGHT_PX * pixelRatio);
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.scale(pixelRatio, pixelRatio);
  const colours = palette.value;
  const scale: Scale = { ...shownSpan.peek(), widthPx: Math.max(1, canvas.clientWidth - NAMES_PX) };
  pen.fillStyle = colours["surface-2"] ?? "";
  pen.fillRect(0, 0, canvas.clientWidth, HEIGHT_PX);
  const topKmh = topOf(track);
  paintScale(pen, topKmh, colours);
  if (track !== null) paintSpeeds(pen, track, topKmh, scale, colours);
  const cursorMs = pointed.peek()?.atMs ?? replayMs.peek();
  if (cursorMs !== null) paintLine(pen, cursorMs, HEIGHT_PX, scale, colours["map-planned"] ?? "", false);
}

function topOf(track: Track | null): number {
  let topKmh = LEAST_TOP_KMH;
  for (const segment of track?.segments ?? []) {
    for (const fix of segment) if (!fix.outlier) topKmh = Math.max(topKmh, fix.speed_kmh ?? 0);
  }
  return Math.ceil(topKmh / 20) * 20;
}

function paintScale(pen: CanvasRenderingContext2D, topKmh: number, colours: Palette): void {
  pen.fillStyle = colours["ink-2"] ?? "";
  pen.font = `11px ${colours["font"] ?? ""}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  pen.fillText(t("unit.kmh", { value: topKmh }), NAMES_PX - 6, 9);
  pen.fillText("0", NAMES_PX - 6, HEIGHT_PX - 8);
  pen.textAlign = "left";
}

/** An area per run of fixes; over a gap there is nothing. */
function paintSpeeds(
  pen: CanvasRenderingContext2D,
  track: Track,
  topKmh: number,
  scale: Scale,
  colours: Palette,
): void {
  const bottom = HEIGHT_PX - 3;
  const yOf = (kmh: number | null) => bottom - (Math.min(kmh ?? 0, topKmh) / topKmh) * (HEIGHT_PX - 8);
  pen.save();
  pen.beginPath();
  pen.rect(NAMES_PX, 0, scale.widthPx, HEIGHT_PX);
  pen.clip();
  pen.fillStyle = colours["accent-soft"] ?? "";
  pen.strokeStyle = colours["accent"] ?? "";
  pen.lineWidth = 1.2;
  for (const segment of track.segments) {
    const fixes = segment.filter((fix) => !fix.outlier);
    const xs = fixes.map((fix) => xOf(Date.parse(fix.observed_at), scale));
    pen.beginPath();
    fixes.forEach((fix, index) => pen.lineTo(xs[index] ?? 0, yOf(fix.speed_kmh)));
    pen.stroke();
    pen.lineTo(xs.at(-1) ?? 0, bottom);
    pen.lineTo(xs[0] ?? 0, bottom);
    pen.fill();
  }
  pen.restore();
}
