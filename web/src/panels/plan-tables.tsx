/** A plan's routes as a table with a time line each, and the due visits that it leaves out with their reasons. */
import type { Plan, PlannedRoute, PlannedStop } from "../api/types";
import { showNumber, showTime } from "../format/show";
import { language, t, tWord } from "../i18n/catalogue";
import { select, selection } from "../state/address";
import { hourMarks, percentOf, spanOf, type Span } from "./time-span";
import { nowMs } from "../state/clock";
import { truckName } from "../state/fleet";
import { pointName } from "../state/register";

export function RouteTable({ plan }: { plan: Plan }) {
  const span = spanOf(plan.routes);
  return (
    <table class="grid routes">
      <thead>
        <tr>
          <th scope="col">{t("plan.vehicle")}</th>
          <th scope="col" class="number">
            {t("plan.stops")}
          </th>
          <th scope="col" class="number">
            {t("plan.trips")}
          </th>
          <th scope="col" class="number">
            {t("plan.kilometres")}
          </th>
          <th scope="col" class="number">
            {t("plan.hours")}
          </th>
          <th scope="col" class="number">
            {t("plan.kilograms")}
          </th>
          <th scope="col" class="strip-head">
            <StripScale span={span} />
          </th>
        </tr>
      </thead>
      <tbody>
        {plan.routes.map((route) => (
          <RouteRow key={route.vehicle_id} route={route} span={span} />
        ))}
      </tbody>
    </table>
  );
}

function RouteRow({ route, span }: { route: PlannedRoute; span: Span }) {
  const chosen = selection.value?.kind === "vehicle" && selection.value.id === route.vehicle_id;
  const count = (kind: PlannedStop["kind"]) => route.stops.filter((stop) => stop.kind === kind).length;
  return (
    <tr class={chosen ? "selected" : ""}>
      <th scope="row">
        <button type="button" class="link" onClick={() => select("vehicle", route.vehicle_id)}>
          {truckName(route.vehicle_id)}
        </button>
      </th>
      <td class="number">{count("point")}</td>
      <td class="number">{count("station")}</td>
      <td class="number">{showNumber(route.distance_m / 1000, 1)}</td>
      <td class="number">{showNumber(route.duration_s / 3600, 1)}</td>
      <td class="number">{showNumber(route.collected_kg)}</td>
      <td class="strip-cell">
        <RouteStrip route={route} span={span} />
      </td>
    </tr>
  );
}

function StripScale({ span }: { span: Span }) {
  return (
    <span class="strip-scale" aria-label={t("plan.shift")}>
      {hourMarks(span).map((atMs) => (
        <span key={atMs} style={{ left: `${percentOf(atMs, span)}%` }}>
          {showTime(atMs)}
        </span>
      ))}
    </span>
  );
}

/** A route's stops along time: points as ticks, unloading and breaks as blocks, and where now is. */
function RouteStrip({ route, span }: { route: PlannedRoute; span: Span }) {
  const first = route.stops[0];
  const last = route.stops.at(-1);
  if (first === undefined || last === undefined) return null;
  const at = (instant: string) => percentOf(Date.parse(instant), span);
  const now = percentOf(nowMs.value, span);
  return (
    <svg class="strip" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect
        class="strip-travel"
        x={at(first.depart_at)}
        width={at(last.arrive_at) - at(first.depart_at)}
        y="4.2"
        height="1.6"
      />
      {route.stops.map((stop) =>
        stop.kind === "depot" ? null : (
          <rect
            key={stop.sequence}
            class={`strip-${stop.kind}`}
            x={at(stop.arrive_at)}
            width={Math.max(0.25, at(stop.depart_at) - at(stop.arrive_at))}
            y={stop.kind === "point" ? 2 : 0.5}
            height={stop.kind === "point" ? 6 : 9}
          />
        ),
      )}
      {now > 0 && now < 100 && <rect class="strip-now" x={now} width="0.35" y="0" height="10" />}
    </svg>
  );
}

export function UnservedTable({ plan }: { plan: Plan }) {
  if (plan.unserved.length === 0) {
    return <p class="notice">{plan.routes.length === 0 ? t("plan.nothingDue") : t("plan.allServed")}</p>;
  }
  return (
    <table class="grid unserved">
      <thead>
        <tr>
          <th scope="col">
            {t("plan.unserved")} ({plan.unserved.length})
          </th>
          <th scope="col">{t("plan.why")}</th>
        </tr>
      </thead>
      <tbody>
        {plan.unserved.map((visit) => (
          <tr key={`${visit.occurrence} ${visit.point_id}`}>
            <th scope="row">
              <button type="button" class="link" onClick={() => select("point", visit.point_id)}>
                {pointName(visit.point_id)}
              </button>
            </th>
            <td>
              {tWord("unservedReason", visit.reason)}
              {/* The API's sentence says more, in English. */}
              {language.value === "en" && <small> {visit.detail}</small>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
