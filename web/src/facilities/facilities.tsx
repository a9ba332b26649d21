/** The facilities page: what they reach, where the next ones would do most, and how they are used. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "../components/notice";
import { SignIn } from "../components/sign-in";
import { Bar, PageLink } from "../frame/bar";
import type { Ground } from "../frame/ground";
import { t } from "../i18n/facilities";
import { session } from "../state/session";
import { CoverageView } from "./coverage";
import { CoverageMap } from "./coverage-map";
import { ScenarioView } from "./scenario";
import { followFacilities, kind, KINDS, showKind, showView, start, view, VIEWS } from "./state";
import { UseView } from "./use";

/** The map, once it is there: a site may be tried in its middle. */
export const ground = signal<Ground | null>(null);

export function Facilities() {
  return session.value === null ? <SignIn /> : <Page />;
}

function Page() {
  useEffect(() => followFacilities(), []);
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
          <nav class="chips" aria-label={t("views")}>
            {VIEWS.map((name) => (
              <button
                key={name}
                type="button"
                class="chip"
                aria-pressed={view.value === name}
                onClick={() => showView(name)}
              >
                {t(name)}
              </button>
            ))}
          </nav>
          <div class="chips" role="group" aria-label={t("kinds")}>
            {KINDS.map((name) => (
              <button
                key={name}
                type="button"
                class="chip"
                aria-pressed={kind.value === name}
                onClick={() => showKind(name)}
              >
                {t(name)}
              </button>
            ))}
          </div>
        </div>
        <Problem sentence={start.error.value} />
        {view.value === "coverage" && <CoverageView />}
        {view.value === "scenario" && <ScenarioView />}
        {view.value === "use" && <UseView />}
      </main>
      {view.value !== "use" && <CoverageMap />}
    </div>
  );
}
