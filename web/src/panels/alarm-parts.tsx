/** Parts of alarms that the list and the cards share: who has seen one, the button, and a card's open alarms. */
import type { Alarm } from "../api/types";
import { AlarmMark } from "../components/marks";
import { Problem } from "../components/notice";
import { alarmSentence } from "../format/alarm-sentence";
import { showMoment } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import type { SelectionKind } from "../state/address";
import { acknowledge, acknowledgeProblem, acknowledging } from "../state/acknowledging";
import { alarmStateOf, openAlarmsOf } from "../state/alarms";
import { nowMs } from "../state/clock";
import { mayAcknowledge } from "../state/session";

/** The button that notes that an alarm was seen, or what has become of it. */
export function AlarmStanding({ alarm, subject }: { alarm: Alarm; subject: string }) {
  const atMs = nowMs.value;
  if (alarm.acknowledged_at === null && alarm.cleared_at === null && mayAcknowledge.value) {
    const label = t("alarms.acknowledgeWhat", { kind: tWord("alarmKind", alarm.kind), subject });
    return (
      <button
        type="button"
        class="alarm-standing acknowledge"
        aria-label={label}
        aria-busy={acknowledging.value.has(alarm.id)}
        onClick={(event) => void press(event.currentTarget, alarm.id)}
      >
        {t("alarms.acknowledge")}
      </button>
    );
  }
  const standing =
    alarm.acknowledged_at === null
      ? alarm.cleared_at !== null && t("alarms.cleared")
      : t("alarms.acknowledgedBy", {
          name: tWord("person", alarm.acknowledged_by ?? ""),
          time: showMoment(alarm.acknowledged_at, atMs),
        });
  return (
    <span class="alarm-standing" title={standing || undefined}>
      {standing}
    </span>
  );
}

/** The button goes when the alarm is acknowledged: the focus stays where it was, at the alarm. */
async function press(button: HTMLElement, alarmId: number): Promise<void> {
  const place = button.closest("li, article");
  const done = await acknowledge(alarmId);
  if (!done || (document.activeElement !== button && document.activeElement !== document.body)) return;
  (place?.querySelector<HTMLElement>(".row") ?? (place as HTMLElement | null))?.focus({ preventScroll: true });
}

/** The open alarms about what a card shows; nothing where there are none. */
export function CardAlarms({ kind, id }: { kind: SelectionKind; id: string }) {
  const open = openAlarmsOf(kind, id);
  if (open.length === 0) return null;
  return (
    <section class="card-section card-alarms">
      <h3>{t("tab.alarms")}</h3>
      <Problem sentence={acknowledgeProblem.value} />
      {open.map((alarm) => (
        <article key={alarm.id} class={`card-alarm ${alarmStateOf(alarm)}`} tabIndex={-1}>
          <header>
            <AlarmMark state={alarmStateOf(alarm)} />
            <strong>{tWord("alarmKind", alarm.kind)}</strong>
            <span>{t("alarms.since", { time: showMoment(alarm.raised_at, nowMs.value) })}</span>
          </header>
          <p>{alarmSentence(alarm, nowMs.value)}</p>
          <AlarmStanding alarm={alarm} subject={alarm.subject_id} />
        </article>
      ))}
    </section>
  );
}
