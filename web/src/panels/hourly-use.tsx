/** How a station or toilet was used hour by hour on the day looked at, and what that adds up to. */
import { useEffect, useMemo } from "preact/hooks";

import { fetchHourlyUse } from "../api/endpoints";
import type { Facility, Utilisation } from "../api/types";
import { Chart } from "../components/chart";
import { Problem } from "../components/notice";
import { showDuration, showNumber, showTime } from "../format/show";
import { t } from "../i18n/catalogue";
import { passedOf, viewedDate } from "../state/clock";
import { loaded } from "../state/loading";
import { Fact } from "./card";

const REFRESH_MS = 30_000;
const HEIGHT = 130;

export function HourlyUse({ facility }: { facility: Facility }) {
  const isToilet = facility.kind === "public_toilet";
  const use = useHourlyUse(facility.id, isToilet ? "toilets" : "stations");
  const hours = use.value.value;
  const values = hours.map((hour) => measureOf(hour, isToilet ? "uses" : "throughput_t"));
  if (use.error.value !== null) return <Problem sentence={use.error.value} />;
  if (values.every((value) => value === null)) return null;
  const label = isToilet ? t("card.hourlyUses") : t("card.hourlyTonnes");
  return (
    <section class="card-section">
      <h3>{label}</h3>
      <Chart
        label={label}
        xLabel={t("figures.hour")}
        x={hours.map((_, index) => index)}
        showX={(index) => showTime(hours[index]?.start)}
        series={[
          { label, values, colour: "accent", kind: "bars", show: (value) => showNumber(value, isToilet ? 0 : 1) },
        ]}
        height={HEIGHT}
      />
      <dl class="facts">
        <Minutes name={t("card.truckWaiting")} minutes={sumOf(hours, "truck_waiting_min")} />
        <Minutes name={t("card.noFreeStall")} minutes={sumOf(hours, "minutes_without_free_stall")} />
        <Minutes name={t("card.odourHours")} minutes={sumOf(hours, "odour_hours_over_limit", 60)} />
      </dl>
    </section>
  );
}

function Minutes({ name, minutes }: { name: string; minutes: number | null }) {
  return <Fact name={name}>{minutes === null ? null : showDuration(minutes * 60)}</Fact>;
}

function useHourlyUse(facilityId: string, of: "stations" | "toilets") {
  const use = useMemo(() => loaded<Utilisation[]>([]), [facilityId]);
  const date = viewedDate.value;
  useEffect(() => {
    const fetchUse = async () => {
      const passed = passedOf(date);
      const all = passed === null ? [] : await fetchHourlyUse(of, passed.start, passed.end);
      return all.filter((hour) => hour.facility_id === facilityId);
    };
    void use.load(fetchUse);
    const timer = setInterval(() => void use.load(fetchUse), REFRESH_MS);
    return () => clearInterval(timer);
  }, [use, of, date, facilityId]);
  return use;
}

function measureOf(hour: Utilisation, name: string): number | null {
  const value = hour.measures[name];
  return typeof value === "number" ? value : null;
}

/** The sum of a measure over the hours that have it, or null where none has. */
function sumOf(hours: readonly Utilisation[], name: string, factor = 1): number | null {
  const values = hours.map((hour) => measureOf(hour, name)).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) * factor;
}
