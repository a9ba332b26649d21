/** All stops of the route with what became of each; each opens to the same buttons as the next one has. */
import { showTime } from "../format/show";
import { t } from "../i18n/driver";
import { StopActions, StopFacts, stopName } from "./next-stop";
import { stopKey, type ShownStop, type StopState } from "./stops";
import { REASONS } from "./shapes";

/** The state's sign beside its word, so that it is told without colour. */
const SIGNS: Record<StopState, string> = {
  open: "○",
  cleared: "✔",
  served: "✓",
  not_served: "✕",
  missed: "!",
  passed: "–",
};

export function StopList({ stops }: { stops: readonly ShownStop[] }) {
  return (
    <section class="stops" aria-label={t("allStops")}>
      <h2>{t("allStops")}</h2>
      <ol>
        {stops.map((stop) => (
          <li key={stopKey(stop)} class={`stop ${stop.state}`}>
            <details>
              <summary>
                <span class="sign" aria-hidden="true">
                  {SIGNS[stop.state]}
                </span>
                <span class="stop-name">{stopName(stop)}</span>
                <span class="stop-time">{showTime(stop.arrive_at)}</span>
                <StateOf stop={stop} />
              </summary>
              <StopFacts stop={stop} />
              {stop.state !== "cleared" && <StopActions stop={stop} />}
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}

function StateOf({ stop }: { stop: ShownStop }) {
  const sentence = sentenceOf(stop);
  return sentence === null ? null : <span class="stop-state">{sentence}</span>;
}

function sentenceOf(stop: ShownStop): string | null {
  switch (stop.state) {
    case "cleared":
      return stop.cleared_by === null || stop.press !== null
        ? t("clearedAt", { time: showTime(stop.cleared_at) })
        : t("clearedByOther", { vehicle: stop.cleared_by, time: showTime(stop.cleared_at) });
    case "served":
      return t("pressedServed", { time: showTime(stop.press?.at) });
    case "not_served":
      return t("pressedNot", { time: showTime(stop.press?.at), reason: reasonText(stop.press?.reason ?? null) });
    case "missed":
      return t("missed");
    case "open":
    case "passed":
      return null;
  }
}

/** A reason in words; one that is new to the page as it is. */
export function reasonText(reason: string | null): string {
  const known = REASONS.find((name) => name === reason);
  return known === undefined ? (reason ?? "") : t(`reason.${known}`);
}
