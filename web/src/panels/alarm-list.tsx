/** The list of alarms: what needs attention, the newest first, and who has seen it. */
import { computed, signal } from "@preact/signals";

import type { Alarm } from "../api/types";
import { AlarmMark } from "../components/marks";
import { Notice, Problem } from "../components/notice";
import { WindowList } from "../components/window-list";
import { alarmSentence, alarmSubject } from "../format/alarm-sentence";
import { showMoment } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { alarmKind, isSelectionKind, listFilters, listSearches, select, selection } from "../state/address";
import { acknowledgeProblem } from "../state/acknowledging";
import { ALARM_FILTERS, type AlarmFilter, alarms, alarmStateOf, KEPT_ALARMS, passesFilter } from "../state/alarms";
import { nowMs } from "../state/clock";
import { AlarmStanding } from "./alarm-parts";
import { Chip, matches, SearchField } from "./list-parts";

const search = listSearches.alarms;
const word = listFilters.alarms;
const USUAL_FILTER = "open";
const filter = computed<AlarmFilter>(() => ALARM_FILTERS.find((name) => name === word.value) ?? USUAL_FILTER);
/** The alarm that was chosen last: an asset may have several. */
const chosenId = signal<number | null>(null);

export function AlarmList() {
  const all = alarms.value.value;
  const passing = all.filter((alarm) => passesFilter(alarm, filter.value));
  const kinds = [...new Set(passing.map((alarm) => alarm.kind))].sort();
  const found = passing.filter(
    (alarm) =>
      (alarmKind.value === "" || alarm.kind === alarmKind.value) &&
      matches(search.value, [alarm.subject_id, alarmSubject(alarm), tWord("alarmKind", alarm.kind)]),
  );
  const ofSelection = found.filter(isOfSelection);
  const chosen = ofSelection.find((alarm) => alarm.id === chosenId.value) ?? ofSelection[0];
  return (
    <>
      <SearchField text={search} label={t("list.searchAlarms")} />
      <div class="chips">
        {ALARM_FILTERS.map((name) => (
          <Chip
            key={name}
            chosen={filter.value === name}
            count={all.filter((alarm) => passesFilter(alarm, name)).length}
            onChoose={() => (word.value = name === USUAL_FILTER ? "" : name)}
          >
            {t(`alarmFilter.${name}`)}
          </Chip>
        ))}
      </div>
      <select
        class="list-select"
        aria-label={t("alarms.kind")}
        value={alarmKind.value}
        onChange={(event) => (alarmKind.value = event.currentTarget.value)}
      >
        <option value="">{t("alarms.anyKind")}</option>
        {[...new Set([...kinds, alarmKind.value])].filter(Boolean).map((kind) => (
          <option key={kind} value={kind}>
            {tWord("alarmKind", kind)}
          </option>
        ))}
      </select>
      <Problem sentence={acknowledgeProblem.value} />
      <Notice
        of={alarms}
        isEmpty={found.length === 0}
        empty={filter.value === "open" && passing.length === 0 ? t("alarms.empty") : t("list.noMatch")}
      />
      {filter.value !== "open" && all.length >= KEPT_ALARMS && (
        <p class="notice">{t("alarms.onlyNewest", { count: KEPT_ALARMS })}</p>
      )}
      <WindowList
        items={found}
        rowHeight={92}
        label={t("tab.alarms")}
        keyOf={(alarm) => String(alarm.id)}
        row={(alarm) => <AlarmRow alarm={alarm} />}
        action={(alarm) => <AlarmStanding alarm={alarm} subject={alarmSubject(alarm)} />}
        isSelected={(alarm) => alarm === chosen}
        onSelect={choose}
      />
    </>
  );
}

function choose(alarm: Alarm): void {
  chosenId.value = alarm.id;
  if (isSelectionKind(alarm.subject_kind)) select(alarm.subject_kind, alarm.subject_id);
}

function isOfSelection(alarm: Alarm): boolean {
  return selection.value?.kind === alarm.subject_kind && selection.value.id === alarm.subject_id;
}

function AlarmRow({ alarm }: { alarm: Alarm }) {
  const state = alarmStateOf(alarm);
  return (
    <span class={`alarm-row ${state}`}>
      <AlarmMark state={state} />
      <span class="row-title">{tWord("alarmKind", alarm.kind)}</span>
      <span class="alarm-time">
        {showMoment(alarm.raised_at, nowMs.value)}
        {alarm.cleared_at !== null && `–${showMoment(alarm.cleared_at, Date.parse(alarm.raised_at))}`}
      </span>
      <span class="row-sub alarm-subject">{alarmSubject(alarm)}</span>
      <span class="alarm-sentence">{alarmSentence(alarm, nowMs.value)}</span>
    </span>
  );
}
