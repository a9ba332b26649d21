/** Following a report by its number. */
import { useEffect, useMemo } from "preact/hooks";

import { request } from "../api/client";
import { Problem } from "../components/notice";
import { showMoment } from "../format/show";
import { t } from "../i18n/residents";
import { townNowMs } from "../state/clock";
import { loaded } from "../state/loading";
import { followedNumber, ownReports, type FollowedReport } from "./state";

const REFRESH_MS = 30_000;

export function Follow() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const number = new FormData(event.currentTarget as HTMLFormElement).get("number");
    followedNumber.value = typeof number === "string" ? number.trim().toUpperCase() : "";
  };
  return (
    <section class="follow">
      <form onSubmit={submit}>
        <label>
          <h2>{t("askNumber")}</h2>
          <input name="number" required pattern="[0-9A-Za-z\-]{1,30}" value={followedNumber.value} spellcheck={false} />
        </label>
        <button type="submit" class="primary">
          {t("ask")}
        </button>
      </form>
      {followedNumber.value !== "" && <Progress number={followedNumber.value} />}
      {ownReports.value.length > 0 && (
        <>
          <h2>{t("own")}</h2>
          <ul class="own">
            {ownReports.value.map((number) => (
              <li key={number}>
                <button type="button" class="link" onClick={() => (followedNumber.value = number)}>
                  {number}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Progress({ number }: { number: string }) {
  const report = useMemo(() => loaded<FollowedReport | null>(null), [number]);
  useEffect(() => {
    const ask = () => void report.load(() => request(`/public/reports/${encodeURIComponent(number)}`));
    ask();
    const timer = setInterval(ask, REFRESH_MS);
    return () => clearInterval(timer);
  }, [report]);
  const known = report.value.value;
  return (
    <div class="case" role="status">
      <Problem sentence={report.error.value} />
      {known !== null && (
        <>
          <p class="case-number">{known.case_number}</p>
          <p class="case-status">{statusText(known.status)}</p>
          <p>{t("reportedAt", { time: showMoment(known.reported_at, townNowMs()) })}</p>
        </>
      )}
    </div>
  );
}

const STATUSES = ["reported", "filed", "dispatched", "handled", "verified", "closed"] as const;

/** How far a case is, in words; a state that is new to the page as it is. */
function statusText(status: string): string {
  const known = STATUSES.find((name) => name === status);
  return known === undefined ? status : t(`status.${known}`);
}
