/** The rates by zone or contractor, the worst of the day first; each opens to its due visits. */
import { Meter } from "../components/meter";
import { showNumber, showRatio } from "../format/show";
import { Chips } from "../frame/chips";
import { t } from "../i18n/office";
import { groupName } from "./names";
import { chosenKey, day, group, groupBy, GROUPS, month } from "./state";
import { byGroup } from "./sums";

export function Groups() {
  const sums = byGroup(month.value.value, day.value);
  if (sums.length === 0) return null;
  return (
    <section class="groups">
      <Chips label={t("by")} names={GROUPS} chosen={group.value} onChoose={groupBy} textOf={t} />
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("ofDay")}</th>
            <th scope="col" class="number">
              {t("missedDay")}
            </th>
            <th scope="col" class="number">
              {t("ofMonth")}
            </th>
            <th scope="col" class="number">
              {t("missedMonth")}
            </th>
          </tr>
        </thead>
        <tbody>
          {sums.map((sum) => (
            <tr key={sum.key}>
              <th scope="row">
                <button type="button" class="link" onClick={() => (chosenKey.value = sum.key)}>
                  {groupName(sum.key)}
                </button>
              </th>
              <td class="rate">
                <Meter ratio={sum.day.clearanceRate} label={showRatio(sum.day.clearanceRate)} />
                <span>{showRatio(sum.day.clearanceRate)}</span>
              </td>
              <td class={`number${sum.day.missed > 0 ? " warn" : ""}`}>{showNumber(sum.day.missed)}</td>
              <td class="number">{showRatio(sum.month.clearanceRate)}</td>
              <td class="number">{showNumber(sum.month.missed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
