/** Having the best works searched for, and the list of them with what each gains, to take to a budget meeting. */
import { useSignal } from "@preact/signals";

import { Problem } from "../components/notice";
import { showNumber, showRatio } from "../format/show";
import { saveFile } from "../frame/save-file";
import { t } from "../i18n/facilities";
import { csvOf } from "./csv";
import type { Kind } from "./heat";
import { changeText, SiteLink } from "./site-link";
import { kind } from "./state";
import { found, isSearching, searchProblem, suggest, type Found, type Sited, type Wanted } from "./trial";

/** What the town means to build: 12 toilets, 14 renovated, 6 stations. */
const MEANT: Record<Kind, Wanted> = {
  toilets: { built: 12, renovated: 14, budget: null },
  stations: { built: 6, renovated: 0, budget: null },
};
const MOST_WORKS = 200;
const YUAN_OF_BUDGET = 10_000;

export function Suggestion({ onFound }: { onFound: () => void }) {
  return (
    <>
      <Ask key={kind.value} onFound={onFound} />
      <Problem sentence={searchProblem.value} />
      {found.value?.of === kind.value && <FoundWorks of={kind.value} siting={found.value.siting} />}
    </>
  );
}

function Ask({ onFound }: { onFound: () => void }) {
  const wanted = useSignal<Wanted>(MEANT[kind.value]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void suggest(wanted.value).then(onFound);
  };
  return (
    <form class="tools" onSubmit={submit}>
      <Count
        label={t("built")}
        of={wanted.value.built}
        onCount={(built) => (wanted.value = { ...wanted.value, built })}
      />
      {kind.value === "toilets" && (
        <Count
          label={t("renovated")}
          of={wanted.value.renovated}
          onCount={(renovated) => (wanted.value = { ...wanted.value, renovated })}
        />
      )}
      <label>
        {t("budget")}
        <input
          type="number"
          min={0}
          max={1e8}
          step="any"
          placeholder={t("anyBudget")}
          onInput={({ currentTarget: { value, valueAsNumber } }) => {
            wanted.value = { ...wanted.value, budget: value === "" ? null : valueAsNumber * YUAN_OF_BUDGET };
          }}
        />
      </label>
      <button type="submit" class="primary" disabled={isSearching.value}>
        {isSearching.value ? t("suggesting") : t("suggest")}
      </button>
    </form>
  );
}

function Count({ label, of, onCount }: { label: string; of: number; onCount: (count: number) => void }) {
  return (
    <label>
      {label}
      <input
        type="number"
        required
        min={0}
        max={MOST_WORKS}
        value={of}
        onInput={(event) => {
          if (event.currentTarget.validity.valid) onCount(event.currentTarget.valueAsNumber);
        }}
      />
    </label>
  );
}

function FoundWorks({ of, siting }: { of: Kind; siting: Found }) {
  if (siting.works.length === 0) return <p class="notice">{t("nothingGains")}</p>;
  return (
    <section class="found">
      <h2>{t("found")}</h2>
      <p>{proofText(siting)}</p>
      <div class="found-scroll" role="region" aria-label={t("found")} tabIndex={0}>
        <table class="grid">
          <thead>
            <tr>
              {columnsOf(of).map((name, index) => (
                <th key={name} scope="col" class={index > 1 ? "number" : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {siting.works.map((work, index) => (
              <tr key={work.change.facility_id}>
                <td>{index + 1}</td>
                <th scope="row">
                  <SiteLink change={work.change} />
                </th>
                {figuresOf(work).map((figure, column) => (
                  <td key={column} class="number">
                    {showNumber(figure)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button type="button" onClick={() => saveFile(tableOf(of, siting), `${of}.csv`)}>
        {t("foundFile")}
      </button>
    </section>
  );
}

function proofText({ proof }: Found): string {
  const how =
    proof.found === "optimal"
      ? t("proven")
      : t("withinGap", { gap: showRatio(proof.gap_ratio, proof.gap_ratio < 0.01 ? 2 : 1) });
  return `${how} ${t("besideGreedy", { value: showNumber(proof.value), greedy: showNumber(proof.greedy_value) })}`;
}

const columnsOf = (of: Kind) =>
  of === "toilets"
    ? [t("order"), t("works"), t("yuan"), t("yuanSoFar"), t("servedAlone"), t("servedInOrder")]
    : [t("order"), t("works"), t("yuan"), t("yuanSoFar"), t("savesAlone"), t("savesInOrder")];

/** Price, price of all so far, gain alone, gain after those before: residents served, or yuan saved a day. */
const figuresOf = (work: Sited): (number | null)[] => [
  work.change.price ?? null,
  work.price_so_far,
  work.alone?.served ?? work.saves_alone_yuan ?? null,
  work.in_order?.served ?? work.saves_in_order_yuan ?? null,
];

function tableOf(of: Kind, { works }: Found): Blob {
  const rows = works.map((work, index) => [index + 1, changeText(work.change), ...figuresOf(work)]);
  return csvOf([columnsOf(of), ...rows]);
}
