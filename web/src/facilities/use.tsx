/** Use by hour: what needs attention, a heat table of all facilities, and the curve of one. */
import { Chart } from "../components/chart";
import { Notice } from "../components/notice";
import { Chips } from "../frame/chips";
import { DayChoice } from "../frame/day-choice";
import { showNumber, showRatio, showTime } from "../format/show";
import { t } from "../i18n/facilities";
import { facilities, facilitiesById } from "../state/register";
import { attentionOf, heatOf, isRatio, MEASURES, type Attention, type Heat, type HeatCell } from "./heat";
import { chosenFacility, day, kind, measure, showDay, showMeasure, use } from "./state";

const CURVE_HEIGHT = 200;

export function UseView() {
  const heat = heatOf(use.value.value, measure.value);
  return (
    <section class="use">
      <div class="asked">
        <DayChoice
          date={day.value}
          onDate={showDay}
          texts={{ day: t("date"), before: t("dayBefore"), after: t("dayAfter") }}
        />
        <Chips
          label={t("measure")}
          names={MEASURES[kind.value]}
          chosen={measure.value}
          onChoose={showMeasure}
          textOf={(name) => t(`measure.${name}`)}
        />
      </div>
      <Notice of={use} isEmpty={heat.rows.length === 0} empty={t("noUse")} />
      {use.value.value.length > 0 && <NeedsAttention />}
      {heat.rows.length > 0 && (
        <>
          <Curve heat={heat} />
          <HeatTable heat={heat} />
        </>
      )}
    </section>
  );
}

function NeedsAttention() {
  const designT = new Map(facilities.value.value.map((one) => [one.id, one.design_t_per_day ?? Infinity]));
  const found = attentionOf(kind.value, use.value.value, designT);
  return (
    <section class="attention">
      <h2>{t("attention")}</h2>
      {found.length === 0 && <p class="notice">{t("noAttention")}</p>}
      <ul>
        {found.map((one) => (
          <li key={`${one.facilityId} ${one.what}`}>
            <button type="button" class="link" onClick={() => (chosenFacility.value = one.facilityId)}>
              {attentionText(one)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function attentionText({ facilityId, what, amount }: Attention): string {
  const name = nameOf(facilityId);
  switch (what) {
    case "overload":
      return t("overload", { name, share: showRatio(amount, 0) });
    case "odour":
      return t("odour", { name, hours: showNumber(amount, 1) });
    case "full":
      return t("full", { name, minutes: showNumber(amount) });
    case "silent":
      return t("silent", { name });
    case "stuck":
      return t("stuck", { name });
  }
}

const nameOf = (facilityId: string) => facilitiesById.value.get(facilityId)?.name ?? facilityId;

function show(value: number | null): string {
  if (value === null) return "";
  return isRatio(measure.value) ? showRatio(value, 0) : showNumber(value, value > 0 && value < 10 ? 1 : 0);
}

function HeatTable({ heat }: { heat: Heat }) {
  const label = t("heat", { measure: t(`measure.${measure.value}`) });
  return (
    <div class="heat-scroll" role="region" aria-label={label} tabIndex={0}>
      <table class="heat">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t("facility")}</th>
            <th scope="col">{t("day")}</th>
            {heat.hours.map((hour) => (
              <th key={hour} scope="col">
                {showTime(hour).slice(0, 2)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heat.rows.map((row) => (
            <tr key={row.facilityId} class={row.facilityId === chosenFacility.value ? "chosen" : undefined}>
              <th scope="row">
                <button type="button" class="link" onClick={() => (chosenFacility.value = row.facilityId)}>
                  {nameOf(row.facilityId)}
                </button>
              </th>
              <td class="sum">{show(row.day)}</td>
              {row.cells.map((cell, index) => (
                <td key={index} class={cellClass(cell)}>
                  {show(cell.value)}
                  {cell.isOver && <span class="over-sign">!</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellClass(cell: HeatCell): string {
  if (cell.value === null) return "untold";
  return `step-${cell.step}${cell.isOver ? " over" : ""}`;
}

/** The curve of the facility chosen, else of that with most. */
function Curve({ heat }: { heat: Heat }) {
  const row = heat.rows.find((one) => one.facilityId === chosenFacility.value) ?? heat.rows[0];
  if (row === undefined) return null;
  const label = t("curve", { name: nameOf(row.facilityId), measure: t(`measure.${measure.value}`) });
  return (
    <figure class="curve">
      <figcaption>{label}</figcaption>
      <Chart
        label={label}
        x={heat.hours.map((_, index) => index)}
        xLabel={t("hour")}
        showX={(index) => (heat.hours[index] === undefined ? "" : showTime(heat.hours[index]))}
        series={[
          {
            label: t(`measure.${measure.value}`),
            values: row.cells.map((cell) => cell.value),
            colour: "accent",
            kind: "line",
            show,
          },
        ]}
        height={CURVE_HEIGHT}
      />
    </figure>
  );
}
