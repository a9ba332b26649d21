/** A facility's dated phases: seen, noted, forgotten. */
import { useSignal, type Signal } from "@preact/signals";

import { Problem } from "../components/notice";
import { showNumber } from "../format/show";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/facilities";
import { facilities, facilityName } from "../state/register";
import { attempt } from "./attempt";
import { scenarioOfNote } from "./phase-note";
import {
  chosenPhases,
  forgetPhase,
  mayDate,
  notePhase,
  STATUSES,
  type Phase,
  type Renewed,
  type Status,
  type Subject,
} from "./register";
import { scenarioOf } from "./trial";

const COUNTS = ["stalls_male", "stalls_female", "stalls_accessible"] as const;

export function LifeCycle({ of }: { of: Subject }) {
  const found = chosenPhases.value;
  return (
    <section class="life-cycle">
      <h3>{t("lifeCycle")}</h3>
      {found.length === 0 && <p class="notice">{t("noPhases")}</p>}
      {found.length > 0 && (
        <ol class="phases">
          {found.map((phase) => (
            <PhaseRow key={phase.begins_on ?? ""} facilityId={of.id} phase={phase} />
          ))}
        </ol>
      )}
      {mayDate() && <NotePhase key={of.id} of={of} />}
    </section>
  );
}

function noteText(note: string): string {
  const scenarioId = scenarioOfNote(note);
  if (scenarioId === null) return note;
  const scenario = scenarioOf(scenarioId);
  return scenario === undefined ? t("ofAScenario") : t("ofScenario", { name: scenario.name });
}

function PhaseRow({ facilityId, phase }: { facilityId: string; phase: Phase }) {
  const problem = useSignal<string | null>(null);
  const isSure = useSignal(false);
  const beginsOn = phase.begins_on;
  const status = tWord("facilityStatus", phase.status);
  return (
    <li>
      <strong>{beginsOn ?? t("untilThen")}</strong> <span class="badge">{status}</span>{" "}
      {phase.replaced_by !== null && t("replacedBy", { name: facilityName(phase.replaced_by) })}{" "}
      {renewedText(phase.renewed)}
      {phase.note !== "" && <span class="phase-note"> {noteText(phase.note)}</span>}
      {beginsOn !== null && (
        <>
          <small> {tWord("person", phase.noted_by)}</small>{" "}
          {mayDate() && (
            // A second press, for nothing brings it back.
            <button
              type="button"
              aria-label={t(isSure.value ? "forgetSurely" : "forget", { date: beginsOn, status })}
              onBlur={() => (isSure.value = false)}
              onClick={() => {
                if (isSure.value) void attempt(problem, () => forgetPhase(facilityId, beginsOn));
                isSure.value = true;
              }}
            >
              {isSure.value ? t("onceMore") : "✕"}
            </button>
          )}
        </>
      )}
      <Problem sentence={problem.value} />
    </li>
  );
}

function renewedText(renewed: Renewed): string {
  const texts = COUNTS.flatMap((name) => {
    const count = renewed[name];
    return count === undefined ? [] : [t(`new.${name}`, { count })];
  });
  if (renewed.toilet_class) texts.push(t("newClass", { name: renewed.toilet_class }));
  if (typeof renewed.design_t_per_day === "number") {
    texts.push(t("newDesign", { tonnes: showNumber(renewed.design_t_per_day) }));
  }
  return texts.join(t("and"));
}

/** From when on it has which status; what works bring, and what serves meanwhile. */
function NotePhase({ of }: { of: Subject }) {
  const [beginsOn, status, replacedBy, note] = [
    useSignal(""),
    useSignal<Status>("under_renovation"),
    useSignal(""),
    useSignal(""),
  ];
  const renewed = useSignal<Renewed>({});
  const problem = useSignal<string | null>(null);
  const said = useSignal("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    said.value = "";
    void attempt(problem, async () => {
      const wanted = {
        beginsOn: beginsOn.value,
        status: status.value,
        note: note.value.trim(),
        renewed: renewed.value,
      };
      const isWorks = status.value === "under_renovation";
      await notePhase(of.id, { ...wanted, replacedBy: isWorks ? replacedBy.value : "" });
      said.value = t("phaseNoted", { date: beginsOn.value, status: tWord("facilityStatus", status.value) });
      [note.value, replacedBy.value, renewed.value] = ["", "", {}];
    });
  };
  return (
    <form class="noting" onSubmit={submit}>
      <label>
        {t("from")}
        <input
          type="date"
          required
          value={beginsOn.value}
          onInput={(event) => (beginsOn.value = event.currentTarget.value)}
        />
      </label>
      <label>
        {t("status")}
        <select value={status.value} onChange={(event) => (status.value = event.currentTarget.value as Status)}>
          {STATUSES.map((name) => (
            <option key={name} value={name}>
              {tWord("facilityStatus", name)}
            </option>
          ))}
        </select>
      </label>
      {status.value === "under_renovation" && <Replacement of={of} chosen={replacedBy} />}
      {of.facility?.kind === "public_toilet" && ["in_service", "under_renovation"].includes(status.value) && (
        <Brings of={renewed} />
      )}
      <label class="wide">
        {t("note")}
        <input maxLength={2000} value={note.value} onInput={(event) => (note.value = event.currentTarget.value)} />
      </label>
      <button type="submit">{t("notePhase")}</button>
      <p role="status">{said.value}</p>
      <Problem sentence={problem.value} />
    </form>
  );
}

function Replacement({ of, chosen }: { of: Subject; chosen: Signal<string> }) {
  const others = facilities.value.value.filter((one) => one.kind === of.facility?.kind && one.id !== of.id);
  return (
    <label>
      {t("meanwhile")}
      <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
        <option value="">{t("nearest")}</option>
        {others.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name ?? one.id}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What works bring; an empty field leaves as it is. */
function Brings({ of }: { of: Signal<Renewed> }) {
  const give = (name: keyof Renewed, text: string) => {
    const others = Object.fromEntries(Object.entries(of.value).filter(([key]) => key !== name));
    of.value = text === "" ? others : { ...others, [name]: name === "toilet_class" ? text : Number(text) };
  };
  return (
    <fieldset>
      <legend>{t("brings")}</legend>
      {COUNTS.map((name) => (
        <label key={name}>
          {t(`count.${name}`)}
          <input
            type="number"
            min={0}
            max={1000}
            value={of.value[name] ?? ""}
            onInput={(event) => give(name, event.currentTarget.value)}
          />
        </label>
      ))}
      <label>
        {t("ofClass")}
        <select
          value={of.value.toilet_class ?? ""}
          onChange={(event) => give("toilet_class", event.currentTarget.value)}
        >
          <option value="">{t("asItIs")}</option>
          {(["1", "2", "3"] as const).map((name) => (
            <option key={name} value={name}>
              {t(`class.${name}`)}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}
