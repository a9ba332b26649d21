/** The timeline: what each truck was to do and did, hour by hour, and the replay of a day that has passed. */
import { useEffect, useRef, useState } from "preact/hooks";

import { Icon } from "../components/icons";
import { Notice } from "../components/notice";
import { showClock, showNumber, showTime } from "../format/show";
import { t } from "../i18n/catalogue";
import { SearchField } from "../panels/list-parts";
import { timelineSearch } from "../state/address";
import { carried } from "../state/carrying";
import { nowMs } from "../state/clock";
import {
  endReplay,
  followReplay,
  isPlaying,
  passedUntilMs,
  pointed,
  replayAt,
  replayMs,
  REPLAY_SPEEDS,
  replaySpeed,
  togglePlaying,
  viewedDay,
} from "../state/cursor";
import { dayTracks } from "../state/day-tracks";
import { truckName, vehicles } from "../state/fleet";
import { facilityName, pointsById } from "../state/register";
import { barAt, type Bar, type Doing } from "./bars";
import { spokenStop, TimelineCanvas } from "./canvas";
import { NAMES_PX } from "./paint";
import { actualOf, plannedOf, timelineRows } from "./rows";
import { seenAt } from "./seen";
import { SpeedStrip } from "./speed-strip";
import { marksOf } from "./span";
import { followDay, shownSpan, showWhole, zoom } from "./view";

const MARK_PX = 74;

export function TimelinePanel() {
  useEffect(() => {
    const endings = [followReplay(), followDay()];
    return () => endings.forEach((end) => end());
  }, []);
  return (
    <div class="timeline">
      <Toolbar />
      <Axis />
      <SpeedStrip />
      <Notice of={vehicles} isEmpty={timelineRows.value.length === 0} empty={t("list.noMatch")} />
      <TimelineCanvas />
      <div class="timeline-foot">
        <Readout />
        <Legend />
      </div>
    </div>
  );
}

function Toolbar() {
  const day = viewedDay.value;
  const atMs = replayMs.value;
  return (
    <div class="timeline-bar">
      <button
        type="button"
        class="icon-button"
        aria-label={isPlaying.value ? t("timeline.pause") : t("timeline.play")}
        title={isPlaying.value ? t("timeline.pause") : t("timeline.play")}
        onClick={togglePlaying}
      >
        <Icon name={isPlaying.value ? "pause" : "play"} />
      </button>
      {day !== null && (
        <input
          type="range"
          class="replay-slider"
          aria-label={t("timeline.slider")}
          aria-valuetext={showTime(atMs ?? passedUntilMs.value)}
          min={day.fromMs}
          max={Math.max(day.fromMs, passedUntilMs.value)}
          step={15_000}
          value={atMs ?? passedUntilMs.value}
          onInput={(event) => replayAt(Number(event.currentTarget.value))}
        />
      )}
      <output class="replay-time">{atMs === null ? t("timeline.live") : showClock(atMs)}</output>
      <select
        aria-label={t("timeline.replaySpeed")}
        value={replaySpeed.value}
        onChange={(event) => (replaySpeed.value = Number(event.currentTarget.value))}
      >
        {REPLAY_SPEEDS.map((speed) => (
          <option key={speed} value={speed}>{`×${speed}`}</option>
        ))}
      </select>
      {atMs !== null && (
        <button type="button" onClick={endReplay}>
          {t("timeline.backToNow")}
        </button>
      )}
      <span class="timeline-zoom">
        <ZoomButton factor={0.6} label={t("map.zoomIn")} icon="plus" />
        <ZoomButton factor={1 / 0.6} label={t("map.zoomOut")} icon="minus" />
        <button type="button" class="icon-button" aria-label={t("timeline.whole")} onClick={showWhole}>
          <Icon name="frame" />
        </button>
      </span>
      <SearchField text={timelineSearch} label={t("list.searchTrucks")} />
    </div>
  );
}

function ZoomButton({ factor, label, icon }: { factor: number; label: string; icon: "plus" | "minus" }) {
  const middle = () => (shownSpan.value.fromMs + shownSpan.value.toMs) / 2;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={() => zoom(factor, pointed.value?.atMs ?? replayMs.value ?? middle())}
    >
      <Icon name={icon} />
    </button>
  );
}

function Axis() {
  const box = useRef<HTMLDivElement>(null);
  const [widthPx, setWidth] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth - NAMES_PX));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const span = shownSpan.value;
  const left = (atMs: number) => NAMES_PX + ((atMs - span.fromMs) / (span.toMs - span.fromMs)) * widthPx;
  return (
    <div class="timeline-axis" ref={box} aria-hidden="true">
      {marksOf(span, Math.max(2, widthPx / MARK_PX)).map((atMs) => (
        <span key={atMs} style={{ left: `${left(atMs)}px` }}>
          {showTime(atMs)}
        </span>
      ))}
    </div>
  );
}

/** What is under the cursor in words; read out when the keyboard moves it. */
function Readout() {
  const at = pointed.value;
  const held = carried.value;
  const spoken = spokenStop.value;
  const row =
    at === null ? (spoken?.row ?? null) : (timelineRows.value.find((each) => each.vehicleId === at.vehicleId) ?? null);
  const words: string[] = [];
  if (held !== null) {
    words.push(t("timeline.carrying", { name: placeName(held.pointId) }));
    if (row !== null) words.push(t("revise.dropHere", { vehicle: truckName(row.vehicleId) }));
  } else if (row !== null) {
    words.push(truckName(row.vehicleId));
    if (at !== null) {
      words.push(showTime(at.atMs), ...barWords("timeline.plan", barAt(plannedOf(row), at.atMs, 30_000)));
      words.push(...barWords("timeline.actual", barAt(actualOf(row), at.atMs, 30_000)), ...seenWords(at));
    }
  }
  return (
    <p class="timeline-readout" id="timeline-readout" aria-live={spoken === null ? "off" : "polite"}>
      {words.length === 0 ? t("timeline.hint") : words.join(" · ")}
    </p>
  );
}

function barWords(key: "timeline.plan" | "timeline.actual", bar: Bar | null): string[] {
  if (bar === null) return [];
  const what = [t(`doing.${bar.doing}`), bar.id === null ? "" : placeName(bar.id), bar.late ? t("doing.late") : ""];
  return [t(key, { what: what.filter(Boolean).join(" "), from: showTime(bar.fromMs), to: showTime(bar.toMs) })];
}

function seenWords({ vehicleId, atMs }: { vehicleId: string; atMs: number }): string[] {
  const track = dayTracks.value.get(vehicleId);
  const seen = track === undefined || atMs > nowMs.value ? null : seenAt(track, atMs);
  if (seen === null) return [];
  if (seen.inGap) return [t("timeline.gap")];
  const speed = t("unit.kmh", { value: showNumber(seen.speedKmh) });
  return [speed, ...(seen.loadKg === null ? [] : [t("unit.kg", { value: showNumber(seen.loadKg) })])];
}

function placeName(id: string): string {
  return pointsById.value.get(id)?.name ?? facilityName(id);
}

const LEGEND: readonly Doing[] = ["travel", "service", "unloading", "break", "waiting"];

function Legend() {
  return (
    <ul class="timeline-legend">
      {LEGEND.map((doing) => (
        <li key={doing}>
          <i class={`bar-key ${doing}`} aria-hidden="true" />
          {t(`doing.${doing}`)}
        </li>
      ))}
      <li>
        <i class="bar-key late" aria-hidden="true" />
        {t("doing.late")}
      </li>
    </ul>
  );
}
