/** The best three places for a visit with what each costs and breaks; choosing one makes a draft. */
import { useEffect, useMemo } from "preact/hooks";

import { priceVisit } from "../api/endpoints";
import type { BrokenRule, PricedPlace, PricedVisit } from "../api/types";
import { Problem } from "../components/notice";
import { showChange, showNumber, showTime } from "../format/show";
import { language, t, tWord } from "../i18n/catalogue";
import { truckName } from "../state/fleet";
import { loaded } from "../state/loading";
import { facilityName, pointsById } from "../state/register";
import { basePlan, isRevising } from "../state/revising";

interface BestPlacesProps {
  pointId: string;
  /** Change the plan so that the visit has this place. */
  choosePlace: (place: PricedPlace) => Promise<void>;
  onDone: () => void;
  /** Tell whether the priced visit is the one that is meant. */
  isMeant?: (visit: PricedVisit) => boolean;
  /** The vehicle that has the visit now. */
  except?: string;
}

export function BestPlaces({ pointId, choosePlace, onDone, isMeant, except }: BestPlacesProps) {
  const planId = basePlan.value?.id;
  const priced = useMemo(() => loaded<PricedVisit | null>(null), []);
  useEffect(() => {
    if (planId !== undefined) void priced.load(() => priceVisit(planId, pointId));
  }, [planId, pointId]);
  const visit = priced.value.value;
  const places = visit !== null && (isMeant?.(visit) ?? true) ? visit.places : [];
  const choose = async (place: PricedPlace) => {
    await choosePlace(place);
    onDone();
  };
  return (
    <div class="best-places" aria-live="polite">
      <h4>{t("revise.bestPlaces")}</h4>
      <Problem sentence={priced.error.value} />
      {priced.waiting.value && <p class="notice loading">{t("revise.pricing")}</p>}
      {!priced.waiting.value && priced.error.value === null && places.length === 0 && (
        <p class="notice">{t("revise.noPlaces")}</p>
      )}
      <ul>
        {places.map((place) => (
          <li key={`${place.vehicle_id} ${place.sequence ?? ""}`}>
            <span class="place-truck">
              <strong>{truckName(place.vehicle_id)}</strong> {showTime(place.arrive_at)}
              {place.vehicle_id === except && <em> {t("revise.hasItNow")}</em>}
            </span>
            <PriceOf place={place} />
            <button
              type="button"
              disabled={isRevising.value}
              aria-label={t("revise.insertAt", {
                vehicle: truckName(place.vehicle_id),
                time: showTime(place.arrive_at),
              })}
              onClick={() => void choose(place)}
            >
              {t("revise.insert")}
            </button>
            <BrokenRules rules={place.broken} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What a place costs more than the plan does now. */
export function PriceOf({ place }: { place: PricedPlace }) {
  return (
    <span class="place-price">
      {t("revise.price", {
        cost: showChange(place.extra_cost, 1),
        km: showChange(place.extra_distance_m / 1000, 1),
        minutes: showChange(place.extra_duration_s / 60),
      })}
    </span>
  );
}

/** The rules that a plan would break, each as a sentence. */
export function BrokenRules({ rules }: { rules: readonly BrokenRule[] }) {
  if (rules.length === 0) return null;
  return (
    <ul class="broken-rules">
      {rules.map((rule) => (
        <li key={rule.sentence}>{brokenSentence(rule)}</li>
      ))}
    </ul>
  );
}

/** In Chinese who, where, the rule's name, and what the API's English sentence tells beyond that. */
function brokenSentence(rule: BrokenRule): string {
  if (language.value === "en") return rule.sentence;
  const stop = rule.stop_id;
  const place = stop === null ? null : (pointsById.value.get(stop)?.name ?? facilityName(stop));
  const who = rule.vehicle_id === null ? null : truckName(rule.vehicle_id);
  return [who, place, tWord("brokenRule", rule.rule), detailOf(rule)].filter(Boolean).join(" · ");
}

function detailOf({ rule, values }: BrokenRule): string {
  if (Object.keys(values).length === 0) return "";
  const shown = (name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? showNumber(value) : value;
  };
  switch (rule) {
    case "window":
      return t("brokenSays.window", { at: shown("at") });
    case "capacity":
      return t("brokenSays.capacity", { load: shown("load_kg"), capacity: shown("capacity_kg") });
    case "ends_empty":
      return t("brokenSays.ends_empty", { load: shown("load_kg") });
    case "shift":
      return t("brokenSays.shift", { back: shown("back"), end: shown("end") });
    case "station_kg":
      return t("brokenSays.station_kg", { brought: shown("brought_kg"), remaining: shown("remaining_kg") });
    case "bays":
      return t("brokenSays.bays", { trucks: shown("trucks"), at: shown("at"), bays: shown("bays") });
    default:
      return "";
  }
}
