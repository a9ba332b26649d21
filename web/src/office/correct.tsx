/** Setting a due visit by hand, with the reason, and taking that back: what the readings say holds again then. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { fetchVehicles } from "../api/endpoints";
import { sentenceOf } from "../api/problem";
import type { ServiceDate } from "../api/types";
import { Problem } from "../components/notice";
import { addDays, serviceDayStartMs } from "../format/service-day";
import { t } from "../i18n/office";
import { town } from "../state/clock";
import { truckName, vehicles } from "../state/fleet";
import { session } from "../state/session";
import { correct, day, type Correction, type Proof } from "./state";

const LONGEST_NOTE = 500;

export function Correct({ of }: { of: Proof }) {
  if (!["admin", "office"].includes(session.value?.role ?? "")) return null;
  const isCorrected = of.due.correction !== null;
  return (
    <details class="correct">
      <summary>{isCorrected ? t("takeBack") : t("correct")}</summary>
      {isCorrected ? <TakeBack /> : <SetByHand of={of} />}
    </details>
  );
}

function SetByHand({ of }: { of: Proof }) {
  // What it is already it cannot be set to.
  const choices = (["cleared", "missed"] as const).filter((status) => status !== of.due.status);
  const status = useSignal(choices[0] ?? "cleared");
  const [time, vehicleId] = [useSignal(""), useSignal("")];
  useEffect(() => void vehicles.load(fetchVehicles), []);
  const isCleared = status.value === "cleared";
  const asked = (note: string): Correction => ({
    status: status.value,
    note,
    ...(isCleared && time.value !== "" ? { cleared_at: instantOf(day.value, time.value) } : {}),
    ...(isCleared && vehicleId.value !== "" ? { vehicle_id: vehicleId.value } : {}),
  });
  return (
    <WithReason label={t("correctNow")} deed={(note) => correct(asked(note), note)}>
      <fieldset>
        <legend>{t("setTo")}</legend>
        {choices.map((choice) => (
          <label key={choice} class="radio">
            <input
              type="radio"
              name="status"
              checked={status.value === choice}
              onChange={() => (status.value = choice)}
            />
            {t(`set.${choice}`)}
          </label>
        ))}
      </fieldset>
      {isCleared && (
        <>
          <label>
            {t("clearedAt")}
            <input type="time" value={time.value} onInput={(event) => (time.value = event.currentTarget.value)} />
          </label>
          <label>
            {t("clearedBy")}
            <select value={vehicleId.value} onChange={(event) => (vehicleId.value = event.currentTarget.value)}>
              <option value="">{t("asPlanned")}</option>
              {vehicles.value.value.map((vehicle) => (
                <option key={vehicle.id} value={vehicle.id}>
                  {truckName(vehicle.id)}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
    </WithReason>
  );
}

/** The instant of a local time of a service day, which goes on after midnight. */
function instantOf(date: ServiceDate, time: string): string {
  const known = town.value;
  if (known === null) return time;
  const ofDay = time < known.day_start ? addDays(date, 1) : date;
  return new Date(serviceDayStartMs(ofDay, time, known.timezone)).toISOString();
}

function TakeBack() {
  return <WithReason label={t("takeBackNow")} deed={(note) => correct(null, note)} />;
}

interface WithReasonProps {
  label: string;
  deed: (note: string) => Promise<void>;
  children?: ComponentChildren;
}

/** A form whose deed needs a reason. */
function WithReason({ label, deed, children }: WithReasonProps) {
  const note = useSignal("");
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    isBusy.value = true;
    problem.value = null;
    try {
      await deed(note.value.trim());
    } catch (error) {
      problem.value = sentenceOf(error);
    }
    isBusy.value = false;
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {children}
      <label>
        {t("why")}
        <input
          required
          pattern=".*\S.*"
          maxLength={LONGEST_NOTE}
          placeholder={t("whyHint")}
          onInput={(event) => (note.value = event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={isBusy.value}>
        {label}
      </button>
      <Problem sentence={problem.value} />
    </form>
  );
}
