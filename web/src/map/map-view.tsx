/** The map's place on the page: the map itself, loaded after the rest, its buttons, layers and legend. */
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { sentenceOf } from "../api/problem";
import { Icon } from "../components/icons";
import { showTime } from "../format/show";
import { PointMark, TruckMark } from "../components/marks";
import { Problem } from "../components/notice";
import { t, type MessageKey } from "../i18n/catalogue";
import { panel } from "../state/address";
import { contractors, zones } from "../state/register";
import { replayMs } from "../state/cursor";
import { afterFirstList } from "../state/desk";
import { POINT_STATES } from "../state/visits";
import { baseMap, findBase } from "./base/base-map";
import { BaseNote } from "./base/base-note";
import { contractorNumbers, SPEED_CLASSES_KMH } from "./features";
import { followOverlays, hiddenGroups, toggleGroup } from "./overlays";
import type { LayerGroup } from "./style";
import type { TownMap } from "./town-map";

const legendOpen = signal(matchMedia("(min-width: 1100px)").matches);

export function MapView() {
  const box = useRef<HTMLDivElement>(null);
  const map = useSignal<TownMap | null>(null);
  const problem = useSignal<string | null>(null);
  useEffect(() => {
    const alive = { is: true };
    const endOverlays = followOverlays();
    const base = findBase();
    // MapLibre is most of the page's script, so the lists are there before it is.
    const endWait = afterFirstList(() => {
      void Promise.all([import("./town-map"), base])
        .then(([{ createTownMap }, layers]) => {
          if (alive.is && box.current !== null) map.value = createTownMap(box.current, layers);
        })
        .catch((error: unknown) => (problem.value = hasWebgl() ? sentenceOf(error) : t("map.noWebgl")));
    });
    return () => {
      alive.is = false;
      endWait();
      endOverlays();
      map.value?.remove();
      map.value = null;
    };
  }, []);
  return (
    <div class="map-view" id="map">
      <div class="map-canvas" ref={box} role="region" aria-label={t("map.label")} />
      <Problem sentence={problem.value} />
      {replayMs.value !== null && (
        <p class="replay-banner">{t("timeline.replaying", { time: showTime(replayMs.value) })}</p>
      )}
      {map.value !== null && <MapButtons map={map.value} />}
      <Legend />
      <BaseNote />
    </div>
  );
}

function hasWebgl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

function MapButtons({ map }: { map: TownMap }) {
  return (
    <div class="map-buttons">
      <button type="button" aria-label={t("map.zoomIn")} title={t("map.zoomIn")} onClick={() => map.zoomBy(1)}>
        <Icon name="plus" />
      </button>
      <button type="button" aria-label={t("map.zoomOut")} title={t("map.zoomOut")} onClick={() => map.zoomBy(-1)}>
        <Icon name="minus" />
      </button>
      <button type="button" aria-label={t("map.fit")} title={t("map.fit")} onClick={() => map.fitTown()}>
        <Icon name="frame" />
      </button>
      <button
        type="button"
        aria-label={t("map.layers")}
        title={t("map.layers")}
        aria-pressed={legendOpen.value}
        onClick={() => (legendOpen.value = !legendOpen.value)}
      >
        <Icon name="layers" />
      </button>
    </div>
  );
}

const GROUPS = [
  ["base", "map.layerBase"],
  ["trucks", "map.layerTrucks"],
  ["points", "map.layerPoints"],
  ["facilities", "map.layerFacilities"],
  ["toilets", "map.layerToilets"],
  ["zones", "map.layerZones"],
  ["alarms", "map.layerAlarms"],
  ["labels", "map.layerLabels"],
] as const satisfies readonly [LayerGroup, MessageKey][];

function Legend() {
  if (!legendOpen.value) return null;
  return (
    <section class="legend" aria-label={t("map.legend")}>
      <fieldset>
        <legend>{t("map.layers")}</legend>
        {GROUPS.filter(([group]) => group !== "base" || baseMap.value !== null).map(([group, key]) => (
          <label key={group}>
            <input type="checkbox" checked={!hiddenGroups.value.has(group)} onChange={() => toggleGroup(group)} />
            {t(key)}
          </label>
        ))}
      </fieldset>
      <ul class="legend-states">
        {POINT_STATES.map((state) => (
          <li key={state}>
            <PointMark state={state} /> {t(`pointState.${state}`)}
          </li>
        ))}
        <li>
          <TruckMark state="driving" /> {t("truckState.driving")}
        </li>
        <li>
          <TruckMark state="standing" /> {t("truckState.standing")}
        </li>
        <li>
          <TruckMark state="offline" /> {t("truckState.offline")}
        </li>
      </ul>
      {panel.value === "timeline" ? <SpeedColours /> : <ContractorColours />}
    </section>
  );
}

/** The colours of a track while the timeline is open. */
function SpeedColours() {
  return (
    <ul class="legend-states">
      {SPEED_CLASSES_KMH.map((least, index) => (
        <li key={least}>
          <span class="swatch" style={{ background: `var(--speed-${index})` }} />
          {t("unit.kmh", {
            value: `${least}${index === SPEED_CLASSES_KMH.length - 1 ? "+" : `–${SPEED_CLASSES_KMH[index + 1] ?? ""}`}`,
          })}
        </li>
      ))}
    </ul>
  );
}

function ContractorColours() {
  if (zones.value.value.length === 0) return null;
  const numbers = contractorNumbers(contractors.value.value);
  return (
    <ul class="legend-states">
      {contractors.value.value.map((contractor) => (
        <li key={contractor.id}>
          <span class="swatch" style={{ background: `var(--contractor-${numbers.get(contractor.id) ?? 1})` }} />
          {contractor.name}
        </li>
      ))}
    </ul>
  );
}
