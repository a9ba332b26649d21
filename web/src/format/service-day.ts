/** Service days in the town's time zone: which one an instant belongs to, and when one begins. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Return the service day, YYYY-MM-DD, that the instant (epoch ms) belongs to; `dayStart` is local HH:MM. */
export function serviceDateAt(instantMs: number, dayStart: string, timeZone: string): string {
  const localMs = instantMs + offsetMs(instantMs, timeZone) - millisecondsOf(dayStart);
  return new Date(localMs).toISOString().slice(0, 10);
}

/** Return the instant (epoch ms) at which the service day `date` begins. */
export function serviceDayStartMs(date: string, dayStart: string, timeZone: string): number {
  const wallMs = Date.parse(`${date}T00:00:00Z`) + millisecondsOf(dayStart);
  // The offset is asked for twice: the first guess may lie on the other side of a change of the clocks.
  const guess = wallMs - offsetMs(wallMs, timeZone);
  return wallMs - offsetMs(guess, timeZone);
}

/** Return the date `days` after `date`. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function millisecondsOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * HOUR_MS + minutes * 60_000;
}

/** How far local time is ahead of UTC at the instant. */
function offsetMs(instantMs: number, timeZone: string): number {
  const parts = formatterOf(timeZone).formatToParts(instantMs);
  const field = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const localMs = Date.UTC(
    field("year"),
    field("month") - 1,
    field("day"),
    field("hour"),
    field("minute"),
    field("second"),
  );
  return localMs - Math.floor(instantMs / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
