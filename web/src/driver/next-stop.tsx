/** The stop to go to: what it is, the way there, and the two buttons that matter. */
import { DAY_MS } from "../format/service-day";
import { showNumber, showTime } from "../format/show";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/driver";
import { pass, press, said } from "./day";
import { geoAddress, type ShownStop } from "./stops";
import { askWhyNot } from "./why-not";

export function NextStop({ stop }: { stop: ShownStop }) {
  return (
    <section class="next" aria-label={t("next")}>
      <p class="next-head">
        <span>{t("next")}</span>
        <span>{t("planned", { time: showTime(stop.arrive_at) })}</span>
      </p>
      <h2>{stopName(stop)}</h2>
      <StopFacts stop={stop} />
      <StopActions stop={stop} />
    </section>
  );
}

/** A stop's name; a break and a stop without a name is told by its kind. */
export function stopName(stop: ShownStop): string {
  const name = stop.name ?? stop.id ?? "";
  return stop.kind === "point" ? name : `${tWord("stopKind", stop.kind)} ${name}`.trim();
}

/** Whether a visit must come within some hours: without a window it is due all day. */
export function hasWindow(stop: ShownStop): boolean {
  return stop.due_from !== null && stop.due_to !== null && Date.parse(stop.due_to) - Date.parse(stop.due_from) < DAY_MS;
}

export function StopFacts({ stop }: { stop: ShownStop }) {
  return (
    <ul class="stop-facts">
      {stop.kind === "point" && stop.name !== null && <li>{stop.id}</li>}
      {(stop.occurrence ?? 1) > 1 && <li>{t("visit", { number: stop.occurrence ?? 1 })}</li>}
      {stop.container_type !== null && (
        <li>{t("containers", { type: tWord("containerType", stop.container_type), count: stop.containers ?? 1 })}</li>
      )}
      {stop.collected_kg > 0 && <li>{t("expected", { kg: showNumber(stop.collected_kg) })}</li>}
      {hasWindow(stop) && <li>{t("window", { from: showTime(stop.due_from), to: showTime(stop.due_to) })}</li>}
      {stop.leg_distance_m > 0 && <li>{t("away", { km: showNumber(stop.leg_distance_m / 1000, 1) })}</li>}
    </ul>
  );
}

export function StopActions({ stop }: { stop: ShownStop }) {
  const serve = () => void press(stop).then(() => (said.value = t("yesServed", { stop: stopName(stop) })));
  return (
    <div class="actions">
      {stop.lat !== null && stop.lon !== null && (
        <a class="button" href={geoAddress({ ...stop, lat: stop.lat, lon: stop.lon })}>
          {t("navigate")}
        </a>
      )}
      {stop.kind === "point" ? (
        <>
          <button type="button" class="primary served" onClick={serve}>
            {t("served")}
          </button>
          <button type="button" class="not-served" onClick={() => askWhyNot(stop)}>
            {t("notServed")}
          </button>
        </>
      ) : (
        <button type="button" class="primary" onClick={() => void pass(stop)}>
          {t("arrivedOn")}
        </button>
      )}
    </div>
  );
}
