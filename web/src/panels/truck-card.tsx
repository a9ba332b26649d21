/** A truck's card: load, speed, progress and what it does next. */
import type { Vehicle } from "../api/types";
import { TruckMark } from "../components/marks";
import { Meter } from "../components/meter";
import { Problem } from "../components/notice";
import { showDuration, showMoment, showNumber } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { followed, overlayProblem } from "../map/overlays";
import { nowMs } from "../state/clock";
import { truckStates } from "../state/fleet";
import { contractorName, facilityName } from "../state/register";
import { CardAlarms } from "./alarm-parts";
import { CardHead, Fact } from "./card";
import { TruckOrders } from "./orders";
import { StopList } from "./stop-list";

export function TruckCard({ truck }: { truck: Vehicle }) {
  const state = truckStates.value.get(truck.id) ?? "unknown";
  const fix = truck.last_position;
  const load = truck.load_kg;
  return (
    <>
      <CardHead kind={tWord("vehicleKind", truck.kind)} name={truck.plate ?? truck.id} code={truck.id}>
        <span class="badge">
          <TruckMark state={state} /> {t(`truckState.${state}`)}
        </span>
        <button
          type="button"
          class="chip"
          aria-pressed={followed.value}
          onClick={() => (followed.value = !followed.value)}
        >
          {t("card.follow")}
        </button>
      </CardHead>
      <CardAlarms kind="vehicle" id={truck.id} />
      <TruckOrders vehicleId={truck.id} />
      <div class="card-measure">
        <span>{t("card.load")}</span>
        <strong>{t("card.loadOf", { load: showNumber(load), capacity: showNumber(truck.capacity_kg) })}</strong>
        <Meter ratio={load === null ? null : load / truck.capacity_kg} label={t("card.load")} overIsBad />
      </div>
      {truck.route !== null && (
        <div class="card-measure">
          <span>{t("card.progress")}</span>
          <strong>{t("card.progressOf", { done: truck.route.served, total: truck.route.stops })}</strong>
          <Meter ratio={truck.route.served / Math.max(1, truck.route.stops)} label={t("card.progress")} />
        </div>
      )}
      <dl class="facts">
        <Fact name={t("card.speed")}>{fix && t("unit.kmh", { value: showNumber(fix.speed_kmh) })}</Fact>
        <Fact name={t("card.lastSeen")}>
          {fix &&
            t("card.ago", {
              time: showMoment(fix.observed_at, nowMs.value),
              seconds: showDuration((nowMs.value - Date.parse(fix.observed_at)) / 1000),
            })}
        </Fact>
        <Fact name={t("card.contractor")}>{contractorName(truck.contractor_id)}</Fact>
        <Fact name={t("card.depot")}>{facilityName(truck.depot_id)}</Fact>
      </dl>
      <p class="line-legend">
        <span class="line-key planned">{t("card.plannedRoute")}</span>
        <span class="line-key actual">{t("card.track")}</span>
      </p>
      <Problem sentence={overlayProblem.value} />
      <StopList truck={truck} />
    </>
  );
}
