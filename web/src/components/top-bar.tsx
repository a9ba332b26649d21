/** The bar on top: the town, its clock, the day's figures, and the switches. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { showClock, showDay, showNumber, showRatio, showTonnes } from "../format/show";
import { addDays } from "../format/service-day";
import { t, tWord } from "../i18n/catalogue";
import { chosenDate, panel, tab, listOpen, type Panel } from "../state/address";
import { clock, nowMs, today, town, viewedDate } from "../state/clock";
import { connection } from "../state/desk";
import { townFigures } from "../state/figures";
import { onlineCount, vehicles } from "../state/fleet";
import { endSession } from "../api/client";
import { session } from "../state/session";
import { PagesMenu } from "../frame/pages-menu";
import { Brand } from "./brand";
import { Icon, type IconName } from "./icons";
import { LanguageSwitch, ThemeSwitch } from "./switches";

export function TopBar() {
  return (
    <header class="top-bar">
      <div class="top-town">
        <Brand />
        <strong class="town-name">{town.value?.name}</strong>
      </div>
      <TownClock />
      <DatePicker />
      <DayFigures />
      <nav class="top-panels" aria-label={t("top.views")}>
        <PanelButton name="plan" icon="plan" />
        <PanelButton name="timeline" icon="timeline" />
        <PanelButton name="figures" icon="figures" />
      </nav>
      <div class="top-switches">
        <ConnectionLight />
        <PagesMenu />
        <LanguageSwitch />
        <ThemeSwitch />
        <SignOutButton />
      </div>
    </header>
  );
}

function TownClock() {
  return (
    <div class="town-clock" title={t("top.clock")}>
      <span class="clock-time">{showClock(nowMs.value)}</span>
      <span class="clock-day">{showDay(nowMs.value)}</span>
      {clock.value.simulated && (
        <span class="simulated" title={t("top.simulatedHint")}>
          {t("top.simulated", { speed: showNumber(clock.value.speed, clock.value.speed % 1 === 0 ? 0 : 1) })}
        </span>
      )}
    </div>
  );
}

function DatePicker() {
  const field = useRef<HTMLInputElement>(null);
  const date = viewedDate.value;
  const set = (value: string) => (chosenDate.value = value === "" || value === today.value ? null : value);
  return (
    <div class="date-picker">
      <button
        type="button"
        class="quiet icon-button"
        aria-label={t("top.dayBefore")}
        onClick={() => set(addDays(date, -1))}
      >
        <Icon name="left" />
      </button>
      <span class="date-shown">
        <input
          ref={field}
          type="date"
          aria-hidden="true"
          tabIndex={-1}
          value={date}
          onChange={(event) => set(event.currentTarget.value)}
        />
        <button
          type="button"
          class="quiet"
          aria-label={`${t("top.date")} ${date}`}
          onClick={() => field.current?.showPicker()}
        >
          {date}
        </button>
      </span>
      <button
        type="button"
        class="quiet icon-button"
        aria-label={t("top.dayAfter")}
        onClick={() => set(addDays(date, 1))}
      >
        <Icon name="right" />
      </button>
      {chosenDate.value !== null && (
        <button type="button" class="quiet" onClick={() => set("")}>
          {t("top.today")}
        </button>
      )}
    </div>
  );
}

function DayFigures() {
  const figures = townFigures.value.value;
  return (
    <dl class="day-figures" aria-label={t("top.figures")}>
      <Figure name={t("figure.clearance")} value={showRatio(figures?.clearance_rate)} testId="clearance">
        {figures && t("figure.clearanceCounts", { cleared: showNumber(figures.cleared), due: showNumber(figures.due) })}
      </Figure>
      <Figure name={t("figure.collection")} value={showRatio(figures?.collection_rate)} testId="collection">
        {figures &&
          t("figure.collectionCounts", {
            tipped: showTonnes(figures.tipped_kg),
            expected: showTonnes(figures.expected_kg),
          })}
      </Figure>
      <Figure name={t("figure.trucks")} value={showNumber(onlineCount.value)} testId="trucks">
        {`/ ${vehicles.value.value.length}`}
      </Figure>
      <Figure
        name={t("figure.missed")}
        value={showNumber(figures?.missed)}
        testId="missed"
        warn={(figures?.missed ?? 0) > 0}
        onOpen={() => {
          tab.value = "unserved";
          listOpen.value = true;
        }}
      >
        {figures && t("figure.missedCounts", { pending: showNumber(figures.pending) })}
      </Figure>
    </dl>
  );
}

interface FigureProps {
  name: string;
  value: string;
  testId: string;
  warn?: boolean;
  onOpen?: () => void;
  children: ComponentChildren;
}

function Figure({ name, value, testId, warn = false, onOpen, children }: FigureProps) {
  return (
    <div class={`figure${warn ? " warn" : ""}`} data-figure={testId}>
      <dt>
        {onOpen ? (
          <button type="button" class="figure-link" onClick={onOpen}>
            {name}
          </button>
        ) : (
          name
        )}
      </dt>
      <dd>
        <span class="figure-value">{value}</span>
        <span class="figure-counts">{children}</span>
      </dd>
    </div>
  );
}

function PanelButton({ name, icon }: { name: Panel; icon: IconName }) {
  const open = panel.value === name;
  const label = t(`tab.${name}`);
  return (
    <button
      type="button"
      class="panel-button"
      aria-pressed={open}
      aria-label={label}
      title={label}
      onClick={() => (panel.value = open ? null : name)}
    >
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}

function ConnectionLight() {
  const state = connection.value;
  const label =
    state === "open" ? t("connection.live") : state === "lost" ? t("connection.lostShort") : t("connection.connecting");
  return (
    <span class={`connection ${state}`}>
      <i aria-hidden="true" />
      <span>{label}</span>
    </span>
  );
}

function SignOutButton() {
  const who = session.value;
  const label = who === null ? "" : t("top.user", { name: who.userName, role: tWord("role", who.role) });
  return (
    <button type="button" class="quiet sign-out" title={label} onClick={endSession}>
      <Icon name="signOut" />
      <span class="sign-out-label">{t("top.signOut")}</span>
    </button>
  );
}
