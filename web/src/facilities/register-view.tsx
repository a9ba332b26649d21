/** Register and upkeep: facilities and points' containers with their condition, life cycle and what was noted. */
import { useEffect, useRef } from "preact/hooks";

import { Notice } from "../components/notice";
import { Chips } from "../frame/chips";
import { t } from "../i18n/facilities";
import { tWord } from "../i18n/catalogue";
import { facilities, points } from "../state/register";
import { LifeCycle } from "./life-cycle";
import {
  chooseSubject,
  chosen,
  everySubject,
  loadKept,
  LOOKS,
  momentText,
  onlyFaulty,
  setOnlyFaulty,
  shownSubjects,
  showSubjects,
  sought,
  SUBJECTS,
  subjects,
  type Subject,
} from "./register";
import { ground } from "./state";
import { UpkeepNotes } from "./upkeep-notes";

const SHOWN = 200;
const SUBJECT_ZOOM = 15.5;

export function RegisterView() {
  useEffect(loadKept, [subjects.value]);
  const shown = shownSubjects.value;
  return (
    <section class="register">
      <div class="asked">
        <Chips
          label={t("kinds")}
          names={SUBJECTS}
          chosen={subjects.value}
          onChoose={showSubjects}
          textOf={(name) => t(`subjects.${name}`)}
        />
        <input
          type="search"
          aria-label={t("seek")}
          placeholder={t("seek")}
          value={sought.value}
          onInput={(event) => (sought.value = event.currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={onlyFaulty.value}
            onChange={(event) => setOnlyFaulty(event.currentTarget.checked)}
          />
          {t("onlyFaulty")}
        </label>
      </div>
      {chosen.value !== null && <Chosen of={chosen.value} />}
      <Notice
        of={subjects.value === "points" ? points : facilities}
        isEmpty={shown.length === 0}
        empty={t("noSubjects")}
      />
      {shown.length > 0 && <SubjectTable shown={shown} />}
      {shown.length > SHOWN && (
        <p class="hint">{t("shownOf", { shown: SHOWN, all: shown.length, every: everySubject.value.length })}</p>
      )}
    </section>
  );
}

function Chosen({ of }: { of: Subject }) {
  const card = useRef<HTMLElement>(null);
  // Whoever chooses far down the list, or on the map, sees what was chosen.
  useEffect(() => card.current?.scrollIntoView({ block: "nearest" }), [of.kind, of.id]);
  return (
    <article class="subject" aria-label={of.name} ref={card}>
      <header>
        <h2>{of.name}</h2> <small>{of.id}</small>{" "}
        {of.facility !== null && <span class="badge">{tWord("facilityStatus", of.facility.status)}</span>}{" "}
        {of.facility?.kind === "public_toilet" &&
          t("stalls", {
            male: of.facility.stalls_male,
            female: of.facility.stalls_female,
            accessible: of.facility.stalls_accessible,
          })}
        {of.kind === "point" && t("containers", { count: of.containers })}
        <button
          type="button"
          class="quiet"
          aria-label={t("close", { name: of.name })}
          onClick={() => chooseSubject(null)}
        >
          ✕
        </button>
      </header>
      {of.kind === "facility" && <LifeCycle of={of} />}
      <UpkeepNotes of={of} />
    </article>
  );
}

function SubjectTable({ shown }: { shown: readonly Subject[] }) {
  return (
    <table class="grid">
      <thead>
        <tr>
          <th scope="col">{t("facility")}</th>
          {subjects.value !== "points" && <th scope="col">{t("status")}</th>}
          <th scope="col">{t("conditionFound")}</th>
          <th scope="col">{t("inspected")}</th>
          <th scope="col" class="number">
            {t("faults")}
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.slice(0, SHOWN).map((one) => (
          <tr key={`${one.kind}:${one.id}`} class={chosen.value?.id === one.id ? "chosen" : undefined}>
            <th scope="row">
              <button type="button" class="link" onClick={() => choose(one)}>
                {one.name}
              </button>
              {one.name !== one.id && <small> {one.id}</small>}
            </th>
            {one.facility !== null && <td>{tWord("facilityStatus", one.facility.status)}</td>}
            <td>
              {one.condition === null ? (
                t("neverLooked")
              ) : (
                <span class={`badge state-${LOOKS[one.condition]}`}>{t(`condition.${one.condition}`)}</span>
              )}
            </td>
            <td>{one.inspectedAt === null ? "" : momentText(one.inspectedAt)}</td>
            <td class="number">{one.openFaults === 0 ? "" : one.openFaults}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function choose(subject: Subject): void {
  chooseSubject(subject);
  ground.value?.moveTo(subject.place, SUBJECT_ZOOM);
}
