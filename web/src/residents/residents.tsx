/** The residents' page, without a sign-in: the way to an open toilet, a report of dirt, and what became of it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "../components/notice";
import { Bar } from "../frame/bar";
import type { Ground } from "../frame/ground";
import { GroundMap } from "../frame/ground-map";
import { t } from "../i18n/residents";
import { boxOf, type Box } from "../map/features";
import { town } from "../state/clock";
import { Follow } from "./follow";
import { OVERLAYS, residentData } from "./layers";
import { Report } from "./report";
import {
  chooseWalk,
  chosenToilet,
  chosenWalk,
  followResidents,
  here,
  setHere,
  showTab,
  tab,
  TABS,
  townProblem,
  walks,
} from "./state";
import { Toilets } from "./toilets";

/** The map, once it is there: the report takes its middle for the place. */
export const ground = signal<Ground | null>(null);

const TAB_TEXTS = { toilets: "findToilet", report: "report", follow: "follow" } as const;

export function Residents() {
  useEffect(() => followResidents(), []);
  return (
    <div class={`residents on-${tab.value}`}>
      <Bar title={t("title")} />
      <nav class="tabs" aria-label={t("views")}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            aria-current={tab.value === name ? "page" : undefined}
            onClick={() => showTab(name)}
          >
            {t(TAB_TEXTS[name])}
          </button>
        ))}
      </nav>
      <main>
        <Problem sentence={townProblem.error.value} />
        {tab.value === "toilets" && <Toilets />}
        {tab.value === "report" && <Report />}
        {tab.value === "follow" && <Follow />}
      </main>
      <GroundMap
        label={t("map")}
        data={residentData.value}
        overlays={OVERLAYS}
        pickable={["toilets-near"]}
        onPick={(id, _, place) => {
          if (tab.value !== "toilets") return;
          if (id === null) setHere(place);
          else chooseWalk(id);
        }}
        box={shownBox()}
        subject={shownSubject()}
        onGround={(made) => (ground.value = made)}
      >
        {tab.value === "report" && <span class="cross" aria-hidden="true" />}
      </GroundMap>
    </div>
  );
}

/** Where somebody is, on which page, and the toilet that was chosen. */
function shownSubject(): string {
  return here.value === null ? "" : `${tab.value} ${here.value.join()} ${chosenToilet.value}`;
}

/** Where somebody is with the walk that is chosen, else the town. */
function shownBox(): Box | null {
  const from = here.value;
  if (from === null) return town.value?.bbox ?? null;
  if (tab.value !== "toilets") return boxOf([from]);
  const walk = walks.value.value.find((one) => one.id === chosenWalk.value);
  return boxOf(walk === undefined ? [from] : [from, [walk.lon, walk.lat], ...walk.way]);
}
