/** The office's page: the rates of the day and the month, and the way from each down to its readings. */
import { useEffect } from "preact/hooks";

import { Problem } from "../components/notice";
import { SignIn } from "../components/sign-in";
import { Bar, PageLink } from "../frame/bar";
import { DayChoice } from "../frame/day-choice";
import { t } from "../i18n/office";
import { session } from "../state/session";
import { Bulletins } from "./bulletins";
import { Groups } from "./groups";
import { MissedMap } from "./missed-map";
import { Overview } from "./overview";
import { ProofOf } from "./proof";
import { chosenKey, chosenVisit, day, followOffice, month, showDay, splitVisit, start, UNASSIGNED } from "./state";
import { VisitList } from "./visit-list";
import { groupName } from "./names";

export function Office() {
  return session.value === null ? <SignIn /> : <Page />;
}

function Page() {
  useEffect(() => followOffice(), []);
  return (
    <div class="office">
      <Bar title={t("title")}>
        <nav class="bar-links" aria-label={t("pages")}>
          <PageLink to="../">{t("desk")}</PageLink>
          <PageLink to="../facilities/">{t("facilities")}</PageLink>
        </nav>
      </Bar>
      <main>
        <Problem sentence={start.error.value ?? month.error.value} />
        {day.value === "" ? <p class="notice loading">{t("loading")}</p> : <Figures />}
      </main>
      <MissedMap />
    </div>
  );
}

function Figures() {
  return (
    <>
      <div class="office-head">
        <DayChoice
          date={day.value}
          onDate={showDay}
          texts={{ day: t("day"), before: t("dayBefore"), after: t("dayAfter") }}
        />
        <Bulletins />
      </div>
      <Path />
      {chosenKey.value === "" && chosenVisit.value === "" && (
        <>
          <Overview />
          <Groups />
        </>
      )}
      {chosenKey.value !== "" && chosenVisit.value === "" && <VisitList />}
      {chosenVisit.value !== "" && <ProofOf />}
    </>
  );
}

/** Where one is on the way down; each step leads back up. */
function Path() {
  const [pointId] = splitVisit(chosenVisit.value);
  if (chosenKey.value === "" && chosenVisit.value === "") return null;
  return (
    <nav class="path" aria-label={t("path")}>
      <button
        type="button"
        class="link"
        onClick={() => {
          chosenKey.value = "";
          chosenVisit.value = "";
        }}
      >
        {t("total")}
      </button>
      {chosenKey.value !== "" && chosenKey.value !== "*" && (
        <>
          <span aria-hidden="true">›</span>
          <button type="button" class="link" onClick={() => (chosenVisit.value = "")}>
            {chosenKey.value === UNASSIGNED ? t("unassigned") : groupName(chosenKey.value)}
          </button>
        </>
      )}
      {chosenKey.value === "*" && (
        <>
          <span aria-hidden="true">›</span>
          <button type="button" class="link" onClick={() => (chosenVisit.value = "")}>
            {t("visits")}
          </button>
        </>
      )}
      {pointId !== "" && (
        <>
          <span aria-hidden="true">›</span>
          <span>{pointId}</span>
        </>
      )}
    </nav>
  );
}
