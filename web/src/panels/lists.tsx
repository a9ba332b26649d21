/** The lists on the left: trucks, points, what is not cleared, facilities and alarms, each with its count. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { t } from "../i18n/catalogue";
import { listOpen, tab, TABS, type Tab } from "../state/address";
import { openAlarms, unseenCount } from "../state/alarms";
import { vehicles } from "../state/fleet";
import { facilities, points } from "../state/register";
import { AlarmList } from "./alarm-list";
import { FacilityList } from "./facility-list";
import { PointList } from "./point-list";
import { TruckList } from "./truck-list";
import { UnservedList, unservedCount } from "./unserved-list";

export function Lists() {
  const chosen = tab.value;
  return (
    <section class={`lists${listOpen.value ? " open" : ""}`} aria-label={t("tab.list")}>
      <TabBar />
      <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${chosen}`}>
        {chosen === "trucks" && <TruckList />}
        {chosen === "points" && <PointList />}
        {chosen === "unserved" && <UnservedList />}
        {chosen === "facilities" && <FacilityList />}
        {chosen === "alarms" && <AlarmList />}
      </div>
    </section>
  );
}

function TabBar() {
  const bar = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[TABS.indexOf(tab.value) + step];
    if (step === 0 || next === undefined) return;
    tab.value = next;
    bar.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tab-bar" role="tablist" aria-label={t("tab.list")} ref={bar} onKeyDown={move}>
      <TabButton name="trucks" count={vehicles.value.value.length}>
        {t("tab.trucks")}
      </TabButton>
      <TabButton name="points" count={points.value.value.length}>
        {t("tab.points")}
      </TabButton>
      <TabButton name="unserved" count={unservedCount.value} warn={unservedCount.value > 0}>
        {t("tab.unserved")}
      </TabButton>
      <TabButton name="facilities" count={facilities.value.value.length}>
        {t("tab.facilities")}
      </TabButton>
      <TabButton name="alarms" count={openAlarms.value.length} warn={unseenCount.value > 0}>
        {t("tab.alarms")}
      </TabButton>
    </div>
  );
}

interface TabButtonProps {
  name: Tab;
  count: number;
  warn?: boolean;
  children: ComponentChildren;
}

function TabButton({ name, count, warn = false, children }: TabButtonProps) {
  const chosen = tab.value === name;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={chosen}
      aria-controls="tab-panel"
      tabIndex={chosen ? 0 : -1}
      onClick={() => (tab.value = name)}
    >
      <span>{children}</span>
      <span class={`count${warn ? " warn" : ""}`}>{count}</span>
    </button>
  );
}
