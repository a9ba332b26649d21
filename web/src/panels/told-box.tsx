/** What has happened since the plan was made, gathered until the rest of the day is planned anew. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

import { Icon } from "../components/icons";
import { Problem } from "../components/notice";
import { showTime } from "../format/show";
import { t } from "../i18n/catalogue";
import { truckName } from "../state/fleet";
import { facilityName, pointName } from "../state/register";
import {
  basePlan,
  isRevising,
  mayRevise,
  replan,
  revisionProblem,
  told,
  toldCount,
  toggleTold,
  type Told,
} from "../state/revising";

const TIME_LIMITS_S = [5, 10, 30, 60];
const timeLimitS = signal(10);

/** The box with what is told and the button that plans anew; nothing where the plan cannot be changed. */
export function ToldBox() {
  const base = basePlan.value;
  if (!mayRevise.value || base === null) return null;
  const told_ = told.value;
  const items = (what: keyof Told, name: (id: string) => string, sentence: (name: string) => string) =>
    told_[what].map((id) => (
      <ToldItem key={`${what} ${id}`} onTakeBack={() => toggleTold(what, id)}>
        {sentence(name(id))}
      </ToldItem>
    ));
  return (
    <section class="told">
      <h3>{t("revise.told")}</h3>
      {toldCount.value === 0 ? (
        <p class="told-none">{t("revise.nothingTold")}</p>
      ) : (
        <ul>
          {items("brokenVehicles", truckName, (name) => t("revise.isBroken", { name }))}
          {items("closedFacilities", facilityName, (name) => t("revise.isClosed", { name }))}
          {items("urgentPoints", pointName, (name) => t("revise.isUrgent", { name }))}
        </ul>
      )}
      <div class="told-actions">
        <button
          type="button"
          class="primary"
          disabled={isRevising.value}
          title={t("revise.replanHint", { time: showTime(base.requested_at) })}
          onClick={() => void replan(timeLimitS.value)}
        >
          {isRevising.value ? t("plan.asking") : t("revise.replan")}
        </button>
        <select
          aria-label={t("plan.timeLimit")}
          value={timeLimitS.value}
          onChange={(event) => (timeLimitS.value = Number(event.currentTarget.value))}
        >
          {TIME_LIMITS_S.map((seconds) => (
            <option key={seconds} value={seconds}>
              {t("plan.seconds", { seconds })}
            </option>
          ))}
        </select>
      </div>
      <Problem sentence={revisionProblem.value} />
    </section>
  );
}

function ToldItem({ onTakeBack, children }: { onTakeBack: () => void; children: ComponentChildren }) {
  return (
    <li>
      <span>{children}</span>
      <button type="button" class="quiet icon-button" aria-label={t("revise.takeBack")} onClick={onTakeBack}>
        <Icon name="close" />
      </button>
    </li>
  );
}
