/** The facilities page: what they reach, where the next ones would do most, how they are used and kept up. */
import { useEffect } from "preact/hooks";

import { Problem } from "../components/notice";
import { SignIn } from "../components/sign-in";
import { Bar, PageLink } from "../frame/bar";
import { Chips } from "../frame/chips";
import { t } from "../i18n/facilities";
import { session } from "../state/session";
import { CoverageView } from "./coverage";
import { CoverageMap } from "./coverage-map";
import { RegisterView } from "./register-view";
import { ScenarioView } from "./scenario";
import { followFacilities, kind, KINDS, showKind, showView, start, view, VIEWS } from "./state";
import { followTrial } from "./trial";
import { UseView } from "./use";

export function Facilities() {
  return session.value === null ? <SignIn /> : <Page />;
}

function Page() {
  useEffect(() => followFacilities(), []);
  useEffect(() => followTrial(), []);
  return (
    <div class={`facilities on-${view.value}`}>
      <Bar title={t("title")}>
        <nav class="bar-links" aria-label={t("pages")}>
          <PageLink to="../">{t("desk")}</PageLink>
          <PageLink to="../office/">{t("office")}</PageLink>
        </nav>
      </Bar>
      <main>
        <div class="choices">
          <Chips label={t("views")} names={VIEWS} chosen={view.value} onChoose={showView} textOf={t} />
          {view.value !== "register" && (
            <Chips label={t("kinds")} names={KINDS} chosen={kind.value} onChoose={showKind} textOf={t} />
          )}
        </div>
        <Problem sentence={start.error.value} />
        {view.value === "coverage" && <CoverageView />}
        {view.value === "scenario" && <ScenarioView />}
        {view.value === "use" && <UseView />}
        {view.value === "register" && <RegisterView />}
      </main>
      {view.value !== "use" && <CoverageMap />}
    </div>
  );
}
