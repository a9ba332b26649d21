/** The upkeep of a facility or of a point's containers: inspections, faults, repairs, rounds; seen and noted. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Notice, Problem } from "../components/notice";
import { serviceDayStartMs } from "../format/service-day";
import { tWord } from "../i18n/catalogue";
import { t } from "../i18n/facilities";
import { town } from "../state/clock";
import { attempt } from "./attempt";
import {
  CONDITIONS,
  DEEDS,
  loadUpkeep,
  momentText,
  noteUpkeep,
  upkeep,
  type Condition,
  type Deed,
  type Subject,
  type Upkeep,
} from "./register";

const SHOWN = 30;

export function UpkeepNotes({ of }: { of: Subject }) {
  useEffect(() => {
    upkeep.clear();
    loadUpkeep(of);
  }, [of.kind, of.id]);
  const found = upkeep.value.value;
  return (
    <section class="upkeep-notes">
      <h3>{t("upkeepOf")}</h3>
      <NoteUpkeep key={`${of.kind}:${of.id}`} of={of} />
      <Notice of={upkeep} isEmpty={found.length === 0} empty={t("noUpkeep")} />
      <ul class="upkeep">
        {found.slice(0, SHOWN).map((one) => (
          <li key={one.id}>
            <span>{momentText(one.happened_at)}</span>{" "}
            <span class={`badge ${isOpen(one) ? "state-missed" : ""}`}>{t(`deed.${one.kind}`)}</span>{" "}
            {one.container !== null && t("container", { number: one.container })}{" "}
            {one.condition !== null && t(`condition.${one.condition}`)} {one.note}{" "}
            {one.kind === "fault" && (
              <em>
                {one.repaired_at === null ? t("faultLasts") : t("repaired", { when: momentText(one.repaired_at) })}
              </em>
            )}{" "}
            <small>{tWord("person", one.noted_by)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

const isOpen = (one: Upkeep) => one.kind === "fault" && one.repaired_at === null;

function NoteUpkeep({ of }: { of: Subject }) {
  const [kind, condition, container] = [
    useSignal<Deed>("inspection"),
    useSignal<Condition | "">("good"),
    useSignal(""),
  ];
  const [faultId, when, note] = [useSignal(""), useSignal(""), useSignal("")];
  const problem = useSignal<string | null>(null);
  const said = useSignal("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    said.value = "";
    void attempt(problem, async () => {
      await noteUpkeep(of, {
        kind: kind.value,
        atMs: instantOf(when.value),
        condition: kind.value === "fault" || condition.value === "" ? null : condition.value,
        container: container.value === "" ? null : Number(container.value),
        faultId: kind.value !== "repair" || faultId.value === "" ? null : Number(faultId.value),
        note: note.value.trim(),
      });
      said.value = t("upkeepNoted", { deed: t(`deed.${kind.value}`) });
      [note.value, faultId.value, when.value] = ["", "", ""];
    });
  };
  const deeds = of.facility?.kind === "public_toilet" ? DEEDS : DEEDS.filter((name) => name !== "round");
  return (
    <form class="noting" onSubmit={submit}>
      <Choice label={t("deed")} of={kind} names={deeds} textOf={(name) => t(`deed.${name}`)} />
      {kind.value !== "fault" && (
        <Choice
          label={t("conditionFound")}
          of={condition}
          names={["", ...CONDITIONS] as const}
          textOf={(name) => (name === "" ? t("notLooked") : t(`condition.${name}`))}
        />
      )}
      {of.kind === "point" && of.containers > 0 && (
        <label>
          {t("whichContainer")}
          <input
            type="number"
            min={1}
            max={of.containers}
            placeholder={t("allContainers")}
            value={container.value}
            onInput={(event) => (container.value = event.currentTarget.value)}
          />
        </label>
      )}
      {kind.value === "repair" && <FaultChoice of={faultId} />}
      <label>
        {t("when")}
        <input type="datetime-local" value={when.value} onInput={(event) => (when.value = event.currentTarget.value)} />
      </label>
      <label class="wide">
        {t("note")}
        <input maxLength={2000} value={note.value} onInput={(event) => (note.value = event.currentTarget.value)} />
      </label>
      <button type="submit">{t("noteUpkeep")}</button>
      <p role="status">{said.value}</p>
      <Problem sentence={problem.value} />
    </form>
  );
}

interface ChoiceProps<Name extends string> {
  label: string;
  of: Signal<Name>;
  names: readonly Name[];
  textOf: (name: Name) => string;
}

function Choice<Name extends string>({ label, of, names, textOf }: ChoiceProps<Name>) {
  return (
    <label>
      {label}
      <select value={of.value} onChange={(event) => (of.value = event.currentTarget.value as Name)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {textOf(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The fault that a repair ends. */
function FaultChoice({ of }: { of: Signal<string> }) {
  return (
    <label>
      {t("endsFault")}
      <select value={of.value} onChange={(event) => (of.value = event.currentTarget.value)}>
        <option value="">{t("noFault")}</option>
        {upkeep.value.value.filter(isOpen).map((fault) => (
          <option key={fault.id} value={String(fault.id)}>
            {`${momentText(fault.happened_at)} ${fault.note}`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The instant of a local time of the town, epoch ms; null where none is given, which is now. */
function instantOf(local: string): number | null {
  const known = town.value;
  if (local === "" || known === null) return null;
  return serviceDayStartMs(local.slice(0, 10), local.slice(11, 16), known.timezone);
}
