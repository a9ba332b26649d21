/** The driver's page: the next stop large, what was done with each, and what still has to be sent. */
import { useEffect } from "preact/hooks";

import { Problem } from "../components/notice";
import { SignIn } from "../components/sign-in";
import { Bar } from "../frame/bar";
import { showDate, showTime } from "../format/show";
import { t } from "../i18n/driver";
import { session } from "../state/session";
import {
  choice,
  followDay,
  isOnline,
  keptAt,
  next,
  problem,
  progress,
  refused,
  route,
  said,
  send,
  settle,
  stops,
  toSend,
  vehicleId,
} from "./day";
import { NextStop } from "./next-stop";
import { PrintedRoute } from "./printed-route";
import { StopList } from "./stop-list";
import { WhyNot } from "./why-not";
import { GpxButton } from "./gpx-button";

export function Driver() {
  return session.value === null ? <SignIn /> : <Day />;
}

function Day() {
  useEffect(() => followDay(), []);
  const of = route.value;
  return (
    <div class="driver">
      <Bar title={of === null ? t("title") : (of.plate ?? of.vehicle_id)} />
      <main>
        <SendingState />
        <Problem sentence={problem.value} />
        {choice.value !== null && <VehicleChoice />}
        {of === null && choice.value === null && problem.value === null && <p class="notice loading">{t("loading")}</p>}
        {of !== null && of.stops.length === 0 && (
          <p class="empty">{t("noRoute", { vehicle: of.vehicle_id, date: showDate(of.service_date) })}</p>
        )}
        {of !== null && of.stops.length > 0 && <Route />}
        <p class="visually-hidden" role="status">
          {said.value}
        </p>
      </main>
      <WhyNot />
      {of !== null && <PrintedRoute route={of} />}
    </div>
  );
}

function Route() {
  const { done, total } = progress.value;
  const stop = next.value;
  return (
    <>
      <div class="progress">
        <progress value={done} max={Math.max(total, 1)} aria-label={t("progress", { done, total })} />
        <span>{t("progress", { done, total })}</span>
      </div>
      {stop === null ? <p class="all-done">{t("allDone")}</p> : <NextStop stop={stop} />}
      <StopList stops={stops.value} />
      <div class="tools">
        <button type="button" onClick={() => print()}>
          {t("print")}
        </button>
        <GpxButton />
      </div>
    </>
  );
}

function SendingState() {
  const count = toSend.value.length;
  return (
    <section class="sending" aria-live="polite">
      {!isOnline.value && <p class="offline">{t("offline")}</p>}
      {keptAt.value !== null && <p>{t("keptRoute", { time: showTime(keptAt.value) })}</p>}
      {count > 0 ? (
        <p class="to-send">
          <span>{t("waiting", { count })}</span>
          <button type="button" onClick={() => void send()}>
            {t("sendNow")}
          </button>
        </p>
      ) : (
        refused.value.length === 0 && isOnline.value && <p class="all-sent">{t("allSent")}</p>
      )}
      {refused.value.map((outgoing) => (
        <div key={outgoing.report.report_id} class="problem">
          <span>
            {outgoing.report.point_id} {t("refused", { problem: outgoing.refusal ?? "" })}
          </span>
          <button type="button" onClick={() => void settle(outgoing, "again")}>
            {t("again")}
          </button>
          <button type="button" onClick={() => void settle(outgoing, "drop")}>
            {t("drop")}
          </button>
        </div>
      ))}
    </section>
  );
}

function VehicleChoice() {
  return (
    <label class="choice">
      <span>{t("chooseVehicle")}</span>
      <select value="" onChange={(event) => (vehicleId.value = event.currentTarget.value)}>
        <option value="" disabled>
          {t("vehicle")}
        </option>
        {choice.value?.map((vehicle) => (
          <option key={vehicle.id} value={vehicle.id}>
            {vehicle.plate ?? vehicle.id}
          </option>
        ))}
      </select>
    </label>
  );
}
