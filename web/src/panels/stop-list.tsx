/** The stops of a truck's route on its card: what comes next, and moving a visit to another truck. */
import { useSignal } from "@preact/signals";

import type { PlannedStop, Vehicle } from "../api/types";
import { Icon } from "../components/icons";
import { showNumber, showTime } from "../format/show";
import { t } from "../i18n/catalogue";
import { select } from "../state/address";
import { carried, moveVisit, pickUp, putBack, type CarriedVisit } from "../state/carrying";
import { today, viewedDate } from "../state/clock";
import { truckName, vehicles } from "../state/fleet";
import { publishedRouteOf } from "../state/plans";
import { facilityName, pointName } from "../state/register";
import { baseRoutes, isRevising, mayRevise } from "../state/revising";
import { BestPlaces } from "./best-places";

const NEXT_STOPS = 6;

export function StopList({ truck }: { truck: Vehicle }) {
  const showAll = useSignal(false);
  const moving = useSignal<number | null>(null);
  const route =
    baseRoutes.value === null
      ? publishedRouteOf(truck.id)
      : (baseRoutes.value.routes.find((each) => each.vehicle_id === truck.id) ?? null);
  if (route === null) return <p class="notice">{t("card.noRoute")}</p>;
  const isToday = viewedDate.value === today.value;
  const from = isToday ? (truck.current_stop?.sequence ?? Infinity) : 0;
  const ahead = route.stops.filter((stop) => stop.sequence >= from);
  const shown = showAll.value ? route.stops : ahead.slice(0, NEXT_STOPS);
  return (
    <section class="card-section">
      <h3>{t("card.nextStops")}</h3>
      {ahead.length === 0 && <p class="notice">{t("card.routeDone")}</p>}
      <ol class="stops">
        {shown.map((stop) => (
          <StopRow
            key={stop.sequence}
            stop={stop}
            vehicleId={truck.id}
            isMoving={moving.value === stop.sequence}
            onMove={(isMoving) => (moving.value = isMoving ? stop.sequence : null)}
          />
        ))}
      </ol>
      {route.stops.length > NEXT_STOPS && (
        <button type="button" class="link" onClick={() => (showAll.value = !showAll.value)}>
          {showAll.value ? t("revise.onlyNext") : t("revise.allStops", { count: route.stops.length })}
        </button>
      )}
    </section>
  );
}

interface StopRowProps {
  stop: PlannedStop;
  vehicleId: string;
  isMoving: boolean;
  onMove: (isMoving: boolean) => void;
}

function StopRow({ stop, vehicleId, isMoving, onMove }: StopRowProps) {
  const id = stop.id;
  const name = stop.name ?? (id === null ? "" : stop.kind === "point" ? pointName(id) : facilityName(id));
  const visit: CarriedVisit | null =
    mayRevise.value && stop.kind === "point" && id !== null
      ? { pointId: id, occurrence: stop.occurrence ?? 1, vehicleId }
      : null;
  const start = (event: DragEvent) => {
    if (visit === null) return;
    event.dataTransfer?.setData("text/plain", name);
    pickUp(visit);
  };
  return (
    <li
      class={`stop stop-${stop.kind}${id !== null && carried.value?.pointId === id ? " carried" : ""}`}
      draggable={visit !== null}
      onDragStart={start}
      onDragEnd={putBack}
    >
      <time>{showTime(stop.arrive_at)}</time>
      <span class="stop-kind">{t(`stopKind.${stop.kind}`)}</span>
      {id === null || stop.kind === "break" ? (
        <span class="stop-name">{name}</span>
      ) : (
        <button
          type="button"
          class="link stop-name"
          onClick={() => select(stop.kind === "point" ? "point" : "facility", id)}
        >
          {name}
        </button>
      )}
      {stop.demand_source !== null && (
        <span class="stop-demand" title={t(`demandSourceHint.${stop.demand_source}`)}>
          {t(`demandSource.${stop.demand_source}`, { kg: showNumber(stop.demand_kg) })}
        </span>
      )}
      <span class="stop-load">{t("unit.kg", { value: showNumber(stop.load_kg) })}</span>
      {visit !== null && (
        <button
          type="button"
          class="quiet icon-button stop-move"
          aria-label={t("revise.moveStop", { name })}
          title={t("revise.moveStop", { name })}
          aria-expanded={isMoving}
          onClick={() => onMove(!isMoving)}
        >
          <Icon name="move" />
        </button>
      )}
      {visit !== null && isMoving && <MoveChoice visit={visit} onDone={() => onMove(false)} />}
    </li>
  );
}

/** The three best trucks with their price, and any other by its plate. */
function MoveChoice({ visit, onDone }: { visit: CarriedVisit; onDone: () => void }) {
  const other = useSignal("");
  const others = vehicles.value.value.filter((truck) => truck.id !== visit.vehicleId);
  const move = async () => {
    await moveVisit(visit, other.value, null);
    onDone();
  };
  return (
    <div class="move-choice">
      <BestPlaces
        pointId={visit.pointId}
        except={visit.vehicleId}
        isMeant={(priced) => priced.occurrence === visit.occurrence}
        choosePlace={(place) => moveVisit(visit, place.vehicle_id, place)}
        onDone={onDone}
      />
      <div class="move-other">
        <select
          aria-label={t("revise.otherTruck")}
          value={other.value}
          onChange={(event) => (other.value = event.currentTarget.value)}
        >
          <option value="">{t("revise.otherTruck")}</option>
          {others.map((truck) => (
            <option key={truck.id} value={truck.id}>
              {truckName(truck.id)}
            </option>
          ))}
        </select>
        <button type="button" disabled={other.value === "" || isRevising.value} onClick={() => void move()}>
          {t("revise.moveHere")}
        </button>
      </div>
    </div>
  );
}
