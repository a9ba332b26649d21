/** A collection point's card: what waits there, when it is due, and what became of each due visit. */
import type { CollectionPoint, DueVisit, Evidence } from "../api/types";
import { fetchDueVisitsOfPoint } from "../api/endpoints";
import { PointMark } from "../components/marks";
import { Problem } from "../components/notice";
import { showDuration, showNumber, showRatio, showTime } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { select } from "../state/address";
import { viewedDate } from "../state/clock";
import { truckName } from "../state/fleet";
import { loaded } from "../state/loading";
import { zoneName, zonesById, contractorName } from "../state/register";
import { isAllDay, pointStates, visitsByPoint, type PointState } from "../state/visits";
import { useEffect, useMemo } from "preact/hooks";
import { CardAlarms } from "./alarm-parts";
import { CardHead, Fact } from "./card";
import { PointOrders } from "./orders";

export function PointCard({ point }: { point: CollectionPoint }) {
  const state = pointStates.value.get(point.id) ?? "not_due";
  const zone = point.zone_id === null ? undefined : zonesById.value.get(point.zone_id);
  const windows = point.windows.map((window) => `${window.start}–${window.end}`).join(" · ");
  return (
    <>
      <CardHead kind={t("card.point")} name={point.name ?? point.id} code={point.id}>
        <span class={`badge state-${state}`}>
          <PointMark state={state} /> {t(`pointState.${state}`)}
        </span>
      </CardHead>
      <CardAlarms kind="point" id={point.id} />
      <PointOrders pointId={point.id} />
      <dl class="facts">
        <Fact name={t("card.container")}>
          {t("card.containerCount", { type: tWord("containerType", point.container_type), count: point.containers })}
        </Fact>
        <Fact name={t("card.expected")}>{t("card.perDay", { kg: showNumber(point.expected_kg) })}</Fact>
        <Fact name={t("card.visitsPerDay")}>
          {showNumber(point.visits_per_day, point.visits_per_day % 1 === 0 ? 0 : 2)}
        </Fact>
        <Fact name={t("card.windows")}>{windows === "" ? t("card.allDay") : windows}</Fact>
        <Fact name={t("card.service")}>{showDuration(point.service_s)}</Fact>
        <Fact name={t("card.approach")}>{tWord("approach", point.approach)}</Fact>
        <Fact name={t("card.zone")}>{zoneName(point.zone_id)}</Fact>
        <Fact name={t("card.contractor")}>{contractorName(zone?.contractor_id ?? null)}</Fact>
      </dl>
      <DueVisits pointId={point.id} />
    </>
  );
}

function DueVisits({ pointId }: { pointId: string }) {
  const known = visitsByPoint.value.get(pointId) ?? [];
  const date = viewedDate.value;
  // The list of the day is fetched once; the evidence of what was decided since is fetched with the card.
  const detailed = useMemo(() => loaded<DueVisit[]>([]), []);
  const decided = known.map((visit) => `${visit.occurrence}${visit.status}`).join();
  useEffect(() => void detailed.load(() => fetchDueVisitsOfPoint(date, pointId)), [pointId, date, decided]);
  const visits = detailed.value.value.length > 0 ? detailed.value.value : known;
  return (
    <section class="card-section">
      <h3>{t("card.dueVisits")}</h3>
      <Problem sentence={detailed.error.value} />
      {visits.length === 0 && !detailed.waiting.value && <p class="notice">{t("card.noDueVisits")}</p>}
      {visits.map((visit) => (
        <DueVisitBlock key={visit.occurrence} visit={visit} />
      ))}
    </section>
  );
}

function DueVisitBlock({ visit }: { visit: DueVisit }) {
  const state: PointState = visit.status;
  return (
    <article class={`due-visit state-${state}`}>
      <header>
        <PointMark state={state} />
        <strong>
          {t("card.occurrence", { number: visit.occurrence })} · {t(`visitStatus.${visit.status}`)}
        </strong>
        <span>
          {isAllDay(visit)
            ? t("card.allDay")
            : t("card.window", { from: showTime(visit.due_from), to: showTime(visit.due_to) })}
        </span>
      </header>
      {visit.cleared_at !== null && visit.vehicle_id !== null && (
        <p>
          <VehicleLink id={visit.vehicle_id}>
            {t("card.clearedBy", { time: showTime(visit.cleared_at), vehicle: truckName(visit.vehicle_id) })}
          </VehicleLink>
        </p>
      )}
      {visit.status !== "cleared" && visit.planned_vehicle_id !== null && (
        <p>
          <VehicleLink id={visit.planned_vehicle_id}>
            {t("card.plannedFor", { time: showTime(visit.planned_at), vehicle: truckName(visit.planned_vehicle_id) })}
          </VehicleLink>
        </p>
      )}
      {visit.reason !== null && <p>{t("card.reason", { reason: tWord("missedReason", visit.reason) })}</p>}
      <ul class="evidence">
        {visit.evidence.map((evidence, index) => (
          <EvidenceRow key={index} evidence={evidence} />
        ))}
      </ul>
    </article>
  );
}

function VehicleLink({ id, children }: { id: string; children: string }) {
  return (
    <button type="button" class="link" onClick={() => select("vehicle", id)}>
      {children}
    </button>
  );
}

function EvidenceRow({ evidence }: { evidence: Evidence }) {
  const confidence = evidence.detail["confidence"];
  return (
    <li>
      <span>{tWord("evidence", evidence.kind)}</span>
      <span>{t("card.evidenceSpan", { from: showTime(evidence.start), to: showTime(evidence.end) })}</span>
      {typeof confidence === "number" && <span>{t("card.confidence", { ratio: showRatio(confidence, 0) })}</span>}
    </li>
  );
}
