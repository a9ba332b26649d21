/** What a card lets the dispatcher settle about a truck, a station or a point of the day's plan. */
import type { ComponentChildren } from "preact";

import type { PlanEdit, PricedPlace } from "../api/types";
import { t } from "../i18n/catalogue";
import { baseRoutes, edit, isRevising, mayRevise, told, toggleTold, type Told } from "../state/revising";
import { BestPlaces } from "./best-places";
import { ToldBox } from "./told-box";

/** A truck: broken down, its route locked, taken out of the plan. */
export function TruckOrders({ vehicleId }: { vehicleId: string }) {
  if (!mayRevise.value) return null;
  const known = baseRoutes.value?.circumstances ?? null;
  const isIn = (ids: readonly string[] | undefined) => ids?.includes(vehicleId) ?? false;
  const isOut = isIn(known?.excluded_vehicles);
  const isBroken = isIn(known?.broken_vehicles);
  const isLocked = isIn(known?.locked_vehicles);
  return (
    <Orders isTold={isIn(told.value.brokenVehicles)}>
      {isBroken ? (
        <OrderButton edit={{ action: "include", vehicle_id: vehicleId }} pressed>
          {t("revise.repaired")}
        </OrderButton>
      ) : (
        <ToldButton what="brokenVehicles" id={vehicleId}>
          {t("revise.broken")}
        </ToldButton>
      )}
      <OrderButton edit={{ action: isLocked ? "unlock" : "lock", vehicle_id: vehicleId }} pressed={isLocked}>
        {t("revise.lock")}
      </OrderButton>
      {!isBroken && (
        <OrderButton edit={{ action: isOut ? "include" : "exclude", vehicle_id: vehicleId }} pressed={isOut}>
          {t("revise.exclude")}
        </OrderButton>
      )}
    </Orders>
  );
}

/** A station or disposal site: it takes nothing more today. */
export function StationOrders({ facilityId }: { facilityId: string }) {
  if (!mayRevise.value) return null;
  const isClosed = baseRoutes.value?.circumstances?.closed_facilities.includes(facilityId) ?? false;
  return (
    <Orders isTold={told.value.closedFacilities.includes(facilityId)}>
      {isClosed ? (
        <span class="badge state-missed">{t("revise.closed")}</span>
      ) : (
        <ToldButton what="closedFacilities" id={facilityId}>
          {t("revise.close")}
        </ToldButton>
      )}
    </Orders>
  );
}

/** A point: it is urgent, and these trucks could come by. */
export function PointOrders({ pointId }: { pointId: string }) {
  if (!mayRevise.value) return null;
  const isTold = told.value.urgentPoints.includes(pointId);
  return (
    <Orders isTold={isTold}>
      <ToldButton what="urgentPoints" id={pointId}>
        {t("revise.urgent")}
      </ToldButton>
      {isTold && (
        <BestPlaces
          pointId={pointId}
          choosePlace={(place) => edit(insertion(pointId, place), place)}
          onDone={() => toggleTold("urgentPoints", pointId)}
        />
      )}
    </Orders>
  );
}

function insertion(pointId: string, { vehicle_id, sequence }: PricedPlace): PlanEdit {
  return { action: "insert", point_id: pointId, vehicle_id, ...(sequence === null ? {} : { sequence }) };
}

function Orders({ isTold, children }: { isTold: boolean; children: ComponentChildren }) {
  return (
    <section class="card-section orders" aria-label={t("revise.heading")}>
      <div class="chips">{children}</div>
      {isTold && <ToldBox />}
    </section>
  );
}

function ToldButton({ what, id, children }: { what: keyof Told; id: string; children: ComponentChildren }) {
  return (
    <button
      type="button"
      class="order"
      aria-pressed={told.value[what].includes(id)}
      onClick={() => toggleTold(what, id)}
    >
      {children}
    </button>
  );
}

function OrderButton({
  edit: change,
  pressed,
  children,
}: {
  edit: PlanEdit;
  pressed: boolean;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="order"
      aria-pressed={pressed}
      disabled={isRevising.value}
      onClick={() => void edit(change)}
    >
      {children}
    </button>
  );
}
