/** Whether this machine draws the map slowly while it moves: judged by the time that frames took, movement by movement. */

/** A movement is slow when the median of so many frames in a row is longer than this: fewer than 25 a second. */
export const JUDGED_FRAMES = 7;
export const SLOW_FRAME_MS = 40;
/** A machine that stays slow is tried again seldom, for it shows: after so many movements at most. */
export const MOST_LIGHT_MOVEMENTS = 32;

/**
 * Remembers which movements are to be drawn lightly.
 *
 * Light frames do not tell what whole ones would take. So after 1, 2, 4 … light movements one is drawn whole and judged
 * again: a machine that was busy for a moment is soon back, and one that is slow seldom shows it.
 */
export class Pace {
  private frames: number[] = [];
  private isLight = false;
  private lightLeft = 0;
  private nextLight = 1;

  /** A movement begins; tells whether to draw it lightly from its first frame. */
  begins(): boolean {
    if (!this.isLight && this.frames.length === JUDGED_FRAMES) this.nextLight = 1;
    this.frames = [];
    this.isLight = this.lightLeft > 0;
    if (this.isLight) this.lightLeft -= 1;
    return this.isLight;
  }

  /** So many milliseconds passed between two frames of the movement; tells whether to draw it lightly from here on. */
  passed(frameMs: number): boolean {
    if (this.isLight) return true;
    this.frames = [...this.frames, frameMs].slice(-JUDGED_FRAMES);
    this.isLight = this.frames.length === JUDGED_FRAMES && median(this.frames) > SLOW_FRAME_MS;
    if (this.isLight) {
      this.lightLeft = this.nextLight;
      this.nextLight = Math.min(this.nextLight * 2, MOST_LIGHT_MOVEMENTS);
    }
    return this.isLight;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
