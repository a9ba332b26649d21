/** How trucks move between two fixes: each slides from where it is shown to its newest fix, gaps are jumped. */
import type { Position, VehiclePosition } from "../api/types";

/** Longer than this between fixes (town time), nothing is known of the way: the truck jumps. */
const GAP_MS = 180_000;
/** A slide never lasts longer, so that what is shown is never older. */
const LONGEST_SLIDE_MS = 4_000;
const SHORTEST_SLIDE_MS = 150;

interface Slide {
  from: Position;
  to: Position;
  startedMs: number;
  lastsMs: number;
  fixAtMs: number;
  headingDeg: number | null;
}

/** Where a truck is shown. */
export interface Shown {
  position: Position;
  headingDeg: number | null;
  moving: boolean;
}

/** The slides of all trucks; times are the browser's in milliseconds, except the fixes' own. */
export class FleetMotion {
  private readonly slides = new Map<string, Slide>();

  /** Take in a truck's newest fix at the browser's instant `atMs`; an older fix is ignored. */
  receive(vehicleId: string, fix: VehiclePosition, atMs: number): void {
    const to: Position = [fix.lon, fix.lat];
    const fixAtMs = Date.parse(fix.observed_at);
    const before = this.slides.get(vehicleId);
    if (before !== undefined && fixAtMs <= before.fixAtMs) return;
    const isGap = before === undefined || fixAtMs - before.fixAtMs > GAP_MS;
    const sinceMs = before === undefined ? 0 : atMs - before.startedMs;
    this.slides.set(vehicleId, {
      from: isGap ? to : this.positionAt(before, atMs),
      to,
      startedMs: atMs,
      // Fixes come at a steady pace, so the next is due after as long as this one took.
      lastsMs: isGap ? 0 : Math.min(Math.max(sinceMs * 1.1, SHORTEST_SLIDE_MS), LONGEST_SLIDE_MS),
      fixAtMs,
      headingDeg: fix.heading_deg ?? before?.headingDeg ?? null,
    });
  }

  /** Where the truck is shown at the browser's instant `atMs`; null before its first fix. */
  shownAt(vehicleId: string, atMs: number): Shown | null {
    const slide = this.slides.get(vehicleId);
    if (slide === undefined) return null;
    return {
      position: this.positionAt(slide, atMs),
      headingDeg: slide.headingDeg,
      moving: atMs < slide.startedMs + slide.lastsMs,
    };
  }

  private positionAt(slide: Slide, atMs: number): Position {
    const share = slide.lastsMs === 0 ? 1 : Math.min(1, (atMs - slide.startedMs) / slide.lastsMs);
    return [
      slide.from[0] + (slide.to[0] - slide.from[0]) * share,
      slide.from[1] + (slide.to[1] - slide.from[1]) * share,
    ];
  }
}
