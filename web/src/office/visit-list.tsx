/** The due visits behind a figure; each opens to its proof. */
import { useSignal } from "@preact/signals";

import type { DueVisit } from "../api/types";
import { Notice } from "../components/notice";
import { DAY_MS } from "../format/service-day";
import { showNumber, showTime } from "../format/show";
import { Chips } from "../frame/chips";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/office";
import { pointName } from "./names";
import { chosenVisit, showOnly, view, VIEWS, visitKey, visits } from "./state";

const SHOWN_AT_FIRST = 200;

export function VisitList() {
  const shown = useSignal(SHOWN_AT_FIRST);
  const found = visits.value.value;
  return (
    <section class="visits">
      <Chips label={t("which")} names={VIEWS} chosen={view.value} onChoose={showOnly} textOf={t} />
      <h2>
        {t("visits")} <small>{t("visitsCount", { count: showNumber(found.length) })}</small>
      </h2>
      <Notice of={visits} isEmpty={found.length === 0} empty={t("noVisits")} />
      <ul>
        {found.slice(0, shown.value).map((visit) => (
          <VisitRow key={visitKey(visit)} visit={visit} />
        ))}
      </ul>
      {found.length > shown.value && (
        <button type="button" onClick={() => (shown.value += SHOWN_AT_FIRST)}>
          {t("more", { count: Math.min(SHOWN_AT_FIRST, found.length - shown.value) })}
        </button>
      )}
    </section>
  );
}

function VisitRow({ visit }: { visit: DueVisit }) {
  return (
    <li>
      <button type="button" class="visit-row" onClick={() => (chosenVisit.value = visitKey(visit))}>
        <span class={`badge state-${visit.status}`}>{tWord("visitStatus", visit.status)}</span>
        <span class="visit-point">{pointName(visit.point_id)}</span>
        <span class="visit-window">{windowText(visit)}</span>
        <span class="visit-what">{whatBecame(visit)}</span>
      </button>
    </li>
  );
}

/** When a visit is due: within its window, or all day. */
export function windowText(visit: DueVisit): string {
  const isAllDay = Date.parse(visit.due_to) - Date.parse(visit.due_from) >= DAY_MS;
  return isAllDay ? t("allDay") : t("window", { from: showTime(visit.due_from), to: showTime(visit.due_to) });
}

/** Who cleared a due visit and when, else why nobody did. */
export function whatBecame(visit: DueVisit): string {
  if (visit.status === "cleared") {
    return t("by_vehicle", { vehicle: visit.vehicle_id ?? "", time: showTime(visit.cleared_at) });
  }
  const planned =
    visit.planned_vehicle_id === null
      ? t("unplanned")
      : t("plannedBy", { vehicle: visit.planned_vehicle_id, time: showTime(visit.planned_at) });
  return visit.reason === null ? planned : `${tWord("missedReason", visit.reason)} · ${planned}`;
}
