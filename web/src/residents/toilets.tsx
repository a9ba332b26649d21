/** Finding an open toilet: from where, and those of the shortest walk. */
import { Notice } from "../components/notice";
import { showNumber } from "../format/show";
import { t } from "../i18n/residents";
import { chooseWalk, chosenWalk, here, onlyAccessible, setOnlyAccessible, walks, type Walk } from "./state";
import { Whereabouts } from "./whereabouts";

export function Toilets() {
  const found = walks.value.value;
  return (
    <section class="toilets">
      <h2>{t("where")}</h2>
      <Whereabouts otherwise={t("fromMap")} />
      <label class="check">
        <input
          type="checkbox"
          checked={onlyAccessible.value}
          onChange={(event) => setOnlyAccessible(event.currentTarget.checked)}
        />
        {t("accessible")}
      </label>
      {here.value !== null && (
        <>
          <h2>{t("list")}</h2>
          <Notice
            of={walks}
            isEmpty={found.length === 0}
            empty={onlyAccessible.value ? t("noneAccessible") : t("none")}
          />
          <ol class="walks">
            {found.map((walk, index) => (
              <WalkRow key={walk.id} walk={walk} number={index + 1} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function WalkRow({ walk, number }: { walk: Walk; number: number }) {
  const isChosen = chosenWalk.value === walk.id;
  return (
    <li class={isChosen ? "chosen" : undefined}>
      <button type="button" aria-pressed={isChosen} onClick={() => chooseWalk(walk.id)}>
        <span class="number" aria-hidden="true">
          {number}
        </span>
        <span class="walk-name">{walk.name ?? walk.id}</span>
        <span class="walk-way">{wayText(walk)}</span>
        <span class="walk-facts">
          {[
            walk.open_time === null
              ? t("allHours")
              : t("hours", { open: walk.open_time, close: walk.close_time ?? "24:00" }),
            t("stalls", { male: walk.stalls_male, female: walk.stalls_female }),
            ...(walk.stalls_accessible > 0 ? [t("accessibleStalls", { count: walk.stalls_accessible })] : []),
          ].join(" · ")}
        </span>
      </button>
      <a href={`geo:${walk.lat},${walk.lon}?q=${walk.lat},${walk.lon}(${encodeURIComponent(walk.name ?? walk.id)})`}>
        {t("navigate")}
      </a>
    </li>
  );
}

function wayText(walk: Walk): string {
  if (walk.walk_m === null) return t("straight", { metres: showNumber(walk.distance_m) });
  const minutes = Math.max(1, Math.round((walk.walk_s ?? 0) / 60));
  return t("walk", { metres: showNumber(walk.walk_m), minutes });
}
