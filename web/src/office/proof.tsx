/** One due visit with its proof: what was decided, from which evidence, and the readings behind it. */
import { Chart } from "../components/chart";
import { Notice } from "../components/notice";
import { metresBetween } from "../frame/metres";
import { showDuration, showMoment, showNumber, showRatio, showTime } from "../format/show";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/office";
import { Correct } from "./correct";
import { pointName } from "./names";
import { ReportPhoto } from "./report-photo";
import { proof, type Proof } from "./state";
import { whatBecame, windowText } from "./visit-list";

const CHART_HEIGHT = 150;

export function ProofOf() {
  const of = proof.value.value;
  return (
    <article class="proof">
      <Notice of={proof} isEmpty={false} empty="" />
      {of !== null && (
        <>
          <Decision of={of} />
          <Correct key={`${of.due.status} ${of.due.correction === null}`} of={of} />
          <h3>{t("readings")}</h3>
          {!of.readings_kept && <p class="notice">{t("readingsGone")}</p>}
          <Events of={of} />
          <Reports of={of} />
          <Fixes of={of} />
          <Levels of={of} />
          <Changes of={of} />
        </>
      )}
    </article>
  );
}

function Decision({ of }: { of: Proof }) {
  return (
    <>
      <h2>
        {pointName(of.due.point_id)} <small>{t("proof", { number: of.due.occurrence })}</small>
      </h2>
      <p>
        <span class={`badge state-${of.due.status}`}>{tWord("visitStatus", of.due.status)}</span> {windowText(of.due)} ·{" "}
        {whatBecame(of.due)}
      </p>
      {of.due.correction !== null && (
        <p class="corrected">
          {t("corrected", { name: tWord("person", of.due.correction.corrected_by), note: of.due.correction.note })}
        </p>
      )}
      <h3>{t("decision")}</h3>
      {of.visits.length === 0 && <p>{t("noVisit")}</p>}
      {of.visits.map((visit) => (
        <section key={visit.visit_id} class="visit-decided">
          <p>
            {t(visit.clears_occurrence === of.due.occurrence ? "clears" : "otherVisit", {
              vehicle: visit.vehicle_id,
              from: showTime(visit.started_at),
              to: showTime(visit.ended_at),
            })}{" "}
            · {t("confidence", { ratio: showRatio(visit.confidence) })}
            {visit.collected_kg !== null && ` · ${showNumber(visit.collected_kg)} kg`}
          </p>
          <ul class="evidence">
            {visit.evidence.map((piece, index) => (
              <li key={index}>
                {tWord("evidence", piece.kind)} {showTime(piece.start)}–{showTime(piece.end)}
                <span class="evidence-detail">{detailText(piece.kind, piece.detail)}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** What a piece of evidence says, in words; of a kind that is new to the page only its name is shown. */
function detailText(kind: string, detail: Record<string, unknown>): string {
  const number = (name: string) => (typeof detail[name] === "number" ? detail[name] : null);
  const word = (name: string) => (typeof detail[name] === "string" ? detail[name] : null);
  switch (kind) {
    case "service_event":
      return t("evidence.service_event", {
        source: sourceText(word("source")),
        outcome: outcomeText(word("outcome") ?? ""),
        events: showNumber(number("events")),
      });
    case "stay":
      return t("evidence.stay", {
        duration: showDuration(number("duration_s") ?? 0),
        metres: showNumber(number("distance_m")),
        fixes: showNumber(number("fixes")),
        service: showDuration(number("service_s") ?? 0),
      });
    case "level_drop":
      return t("evidence.level_drop", {
        before: showRatio(number("before_ratio"), 0),
        after: showRatio(number("after_ratio"), 0),
      });
    case "load_rise":
      return t("evidence.load_rise", {
        before: showNumber(number("before_kg")),
        after: showNumber(number("after_kg")),
      });
    default:
      return "";
  }
}

function Events({ of }: { of: Proof }) {
  if (of.service_events.length === 0) return <p class="notice">{t("noEvents")}</p>;
  return (
    <table class="grid">
      <caption>{t("events")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("time")}</th>
          <th scope="col">{t("device")}</th>
          <th scope="col">{t("source")}</th>
          <th scope="col">{t("outcome")}</th>
          <th scope="col">{t("arrived")}</th>
        </tr>
      </thead>
      <tbody>
        {of.service_events.map((event, index) => (
          <tr key={index}>
            <td>{showTime(event.observed_at)}</td>
            <td>{event.device_id}</td>
            <td>{sourceText(event.source)}</td>
            <td>
              {outcomeText(event.outcome)}
              {event.reason !== null && ` · ${event.reason}`}
              {event.collected_kg !== null && ` · ${showNumber(event.collected_kg)} kg`}
            </td>
            <td>{showTime(event.received_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SOURCES = ["rfid", "arm", "button", "driver"] as const;
const OUTCOMES = ["served", "skipped", "blocked"] as const;

function sourceText(source: string | null): string {
  const known = SOURCES.find((name) => name === source);
  return known === undefined ? (source ?? "") : t(`source.${known}`);
}

function outcomeText(outcome: string): string {
  const known = OUTCOMES.find((name) => name === outcome);
  return known === undefined ? outcome : t(`outcome.${known}`);
}

function Reports({ of }: { of: Proof }) {
  if (of.driver_reports.length === 0) return null;
  return (
    <section>
      <h4>{t("reports")}</h4>
      <ul class="reports">
        {of.driver_reports.map((report) => (
          <li key={report.report_id}>
            {showTime(report.observed_at)} {report.vehicle_id} {report.reported_by}: {outcomeText(report.outcome)}
            {report.reason !== null && ` · ${report.reason}`}
            {report.note !== null && ` · ${report.note}`}
            {report.has_photo && <ReportPhoto reportId={report.report_id} pointId={of.due.point_id} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Fixes({ of }: { of: Proof }) {
  const { fixes, lon, lat } = of;
  const vehicle = of.due.vehicle_id ?? "";
  if (fixes.length === 0) return <p class="notice">{t("noTrack")}</p>;
  const x = fixes.map((fix) => Date.parse(fix.observed_at) / 1000);
  const distances = fixes.map((fix) =>
    lon === null || lat === null ? null : Math.round(metresBetween([fix.lon, fix.lat], [lon, lat])),
  );
  const loads = fixes.map((fix) => fix.load_kg);
  const label = t("track", { vehicle, count: fixes.length });
  const chart = { x, xLabel: t("time"), showX: (at: number) => showTime(at * 1000), height: CHART_HEIGHT };
  return (
    <figure class="proof-chart">
      <figcaption>{label}</figcaption>
      <Chart
        {...chart}
        label={`${label}: ${t("distance")}`}
        series={[
          {
            label: t("distance"),
            values: distances,
            colour: "accent",
            kind: "line",
            show: (value) => showNumber(value),
          },
        ]}
      />
      {loads.some((load) => load !== null) && (
        <Chart
          {...chart}
          label={`${label}: ${t("load")}`}
          series={[
            {
              label: t("load"),
              values: loads,
              colour: "map-planned",
              kind: "line",
              show: (value) => showNumber(value),
            },
          ]}
        />
      )}
    </figure>
  );
}

function Levels({ of }: { of: Proof }) {
  const [first] = of.levels;
  if (first === undefined) return null;
  const devices = [...new Set(of.levels.map((level) => level.device_id))];
  const instants = [...new Set(of.levels.map((level) => level.observed_at))].sort();
  const valueAt = new Map(of.levels.map((level) => [`${level.device_id} ${level.observed_at}`, level.fill_ratio]));
  return (
    <figure class="proof-chart">
      <figcaption>{t("levels")}</figcaption>
      <Chart
        label={t("levels")}
        x={instants.map((instant) => Date.parse(instant) / 1000)}
        xLabel={t("time")}
        showX={(at) => showTime(at * 1000)}
        series={devices.map((device, index) => ({
          label: device,
          values: instants.map((instant) => valueAt.get(`${device} ${instant}`) ?? null),
          colour: `route-${index % 8}`,
          kind: "line" as const,
          show: (value: number) => showRatio(value, 0),
        }))}
        height={CHART_HEIGHT}
        range={() => [0, 1]}
      />
    </figure>
  );
}

function Changes({ of }: { of: Proof }) {
  return (
    <section>
      <h4>{t("changes")}</h4>
      <ol class="changes">
        {of.changes.map((change, index) => (
          <li key={index}>
            {showMoment(change.changed_at, Date.parse(of.due.due_from))} {tWord("visitStatus", change.status)}
            {change.vehicle_id !== null && ` · ${change.vehicle_id}`}
            {change.reason !== null && ` · ${tWord("missedReason", change.reason)}`}
            {change.changed_by !== null &&
              ` · ${t("changedBy", { name: tWord("person", change.changed_by), note: change.note ?? "" })}`}
          </li>
        ))}
      </ol>
    </section>
  );
}
