/** What each station gets where every point hauls to its nearest one, and what it does when some of them fail. */
import { showNumber, showRatio } from "../format/show";
import { t } from "../i18n/facilities";
import { facilityName } from "../state/register";
import { failed, toggleFailed, type Coverage, type Failure } from "./state";

export function Catchments({ of }: { of: Coverage }) {
  const standing = of.catchments ?? [];
  const gone = (of.failure?.failed ?? []).filter((id) => standing.every((one) => one.facility_id !== id));
  return (
    <section class="catchments">
      <h2>{t("catchments")}</h2>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("facility")}</th>
            <th scope="col" class="number">
              {t("tonnesADay")}
            </th>
            <th scope="col" class="number">
              {t("ofDesign")}
            </th>
            <th scope="col" class="number">
              {t("meanHaul")}
            </th>
            <th scope="col">{t("ifItFails")}</th>
          </tr>
        </thead>
        <tbody>
          {standing.map((one) => (
            <tr key={one.facility_id}>
              <th scope="row">{facilityName(one.facility_id)}</th>
              <td class="number">{showNumber(one.expected_kg / 1000, 1)}</td>
              <td class={`number${(one.design_share ?? 0) > 1 ? " warn" : ""}`}>{showRatio(one.design_share, 0)}</td>
              <td class="number">{one.mean_haul_m === null ? "" : showNumber(one.mean_haul_m / 1000, 1)}</td>
              <td>
                <Fails facilityId={one.facility_id} />
              </td>
            </tr>
          ))}
          {gone.map((id) => (
            <tr key={id}>
              <th scope="row">{facilityName(id)}</th>
              <td colSpan={3}>{t("failed")}</td>
              <td>
                <Fails facilityId={id} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {of.failure !== null && of.failure !== undefined && <p role="status">{failureText(of.failure)}</p>}
    </section>
  );
}

function Fails({ facilityId }: { facilityId: string }) {
  return (
    <button
      type="button"
      aria-pressed={failed.value.includes(facilityId)}
      aria-label={t("failing", { name: facilityName(facilityId) })}
      onClick={() => toggleFailed(facilityId)}
    >
      {failed.value.includes(facilityId) ? t("runAgain") : t("fail")}
    </button>
  );
}

function failureText(of: Failure): string {
  const moved = t("failure", {
    points: showNumber(of.moved_points),
    tonnes: showNumber(of.moved_kg / 1000, 1),
    more: showNumber(of.extra_t_km_per_day, 1),
  });
  const overloaded =
    of.overloaded.length === 0
      ? ""
      : ` ${t("failureOverloads", { names: of.overloaded.map(facilityName).join(t("and")) })}`;
  const lost = of.lost_points.length === 0 ? "" : ` ${t("failureLost", { count: of.lost_points.length })}`;
  return moved + overloaded + lost;
}
