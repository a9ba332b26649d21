/** The route on paper (A4): shown when the page is printed, and only then. */
import { showDate, showNumber, showTime } from "../format/show";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/driver";
import { town } from "../state/clock";
import { stops } from "./day";
import { hasWindow, stopName } from "./next-stop";
import type { DriverRoute } from "./shapes";
import { stopKey } from "./stops";

export function PrintedRoute({ route }: { route: DriverRoute }) {
  const vehicle = route.plate === null ? route.vehicle_id : `${route.plate} (${route.vehicle_id})`;
  return (
    <section class="printed" aria-hidden="true">
      <h1>{t("printed", { town: town.value?.name ?? "", vehicle, date: showDate(route.service_date) })}</h1>
      <p>
        {t("printedSums", {
          stops: route.stops.filter((stop) => stop.kind === "point").length,
          km: showNumber((route.distance_m ?? 0) / 1000, 1),
          kg: showNumber(route.collected_kg),
          revision: route.revision ?? 1,
        })}
      </p>
      <table>
        <thead>
          <tr>
            <th />
            <th>{t("time")}</th>
            <th>{t("stop")}</th>
            <th>{t("what")}</th>
            <th>{t("due")}</th>
            <th>{t("remark")}</th>
          </tr>
        </thead>
        <tbody>
          {stops.value.map((stop) => (
            <tr key={stopKey(stop)}>
              <td>{stop.sequence}</td>
              <td>{showTime(stop.arrive_at)}</td>
              <td>
                {stopName(stop)}
                {stop.kind === "point" && stop.name !== null && <small>{stop.id}</small>}
              </td>
              <td>
                {stop.container_type !== null &&
                  t("containers", { type: tWord("containerType", stop.container_type), count: stop.containers ?? 1 })}
              </td>
              <td>{hasWindow(stop) && `${showTime(stop.due_from)}–${showTime(stop.due_to)}`}</td>
              <td />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
