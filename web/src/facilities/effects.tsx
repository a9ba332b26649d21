/** What the works that are tried would do: coverage before and after, and the zones that gain most. */
import { Meter } from "../components/meter";
import { Problem } from "../components/notice";
import { showNumber, showRatio } from "../format/show";
import { t } from "../i18n/facilities";
import { zoneName } from "../state/register";
import { amountText } from "./coverage";
import { coverage, kind } from "./state";
import { changes, effectOfChanges } from "./trial";

const SHOWN_ZONES = 6;

export function Effects() {
  const found = effectOfChanges.value.value;
  const pair = found?.effect[kind.value] ?? null;
  if (changes.value.length === 0) return null;
  return (
    <div class="effects" role="status">
      <Problem sentence={effectOfChanges.error.value} />
      {found !== null && pair === null && <p class="notice">{t("otherKind", { kind: t(kind.value) })}</p>}
      {found !== null && pair !== null && (
        <>
          <div class="before-after">
            {(["before", "after"] as const).map((phase) => (
              <div key={phase} data-phase={phase}>
                <h2>{t(phase)}</h2>
                <p class="share-value">{showRatio(pair[phase].covered_ratio)}</p>
                <Meter ratio={pair[phase].covered_ratio} label={showRatio(pair[phase].covered_ratio)} />
              </div>
            ))}
          </div>
          <p>
            {gainText(pair.after.covered - pair.before.covered)}
            {pair.before.mean_haul_m !== null &&
              pair.after.mean_haul_m !== null &&
              ` · ${t("hauls", {
                before: showNumber(pair.before.mean_haul_m / 1000, 1),
                after: showNumber(pair.after.mean_haul_m / 1000, 1),
              })}`}
            {found.effect.price > 0 && ` · ${t("price", { price: showNumber(found.effect.price) })}`}
          </p>
          <ZonesThatGain before={pair.before.by_zone} after={pair.after.by_zone} />
        </>
      )}
    </div>
  );
}

function gainText(gained: number): string {
  const amount = amountText(Math.abs(gained), coverage.value.value?.demand_kind);
  return t(gained < 0 ? "loss" : "gain", { amount });
}

type ByZone = Readonly<Record<string, number | null>>;

function ZonesThatGain({ before, after }: { before: ByZone; after: ByZone }) {
  const gains = Object.keys(after)
    .map((zoneId) => ({ zoneId, gain: (after[zoneId] ?? 0) - (before[zoneId] ?? 0) }))
    .filter(({ gain }) => Math.abs(gain) > 0.0005)
    .sort((a, b) => Math.abs(b.gain) - Math.abs(a.gain))
    .slice(0, SHOWN_ZONES);
  if (gains.length === 0) return null;
  return (
    <>
      <h3>{t("zonesGain")}</h3>
      <ul>
        {gains.map(({ zoneId }) => (
          <li key={zoneId}>
            {zoneId === "" ? t("outside") : zoneName(zoneId)}: {showRatio(before[zoneId])} → {showRatio(after[zoneId])}
          </li>
        ))}
      </ul>
    </>
  );
}
