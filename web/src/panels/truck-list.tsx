/** The list of vehicles: state, load and how far each is with its route. */
import { useEffect } from "preact/hooks";

import { TruckMark } from "../components/marks";
import { Meter } from "../components/meter";
import { Notice } from "../components/notice";
import { WindowList } from "../components/window-list";
import type { Vehicle } from "../api/types";
import { showChange, showNumber } from "../format/show";
import { t, tWord } from "../i18n/catalogue";
import { listSearches, select, selection } from "../state/address";
import { carried, carriedPrices, dropOn } from "../state/carrying";
import { truckStates, vehicles, type TruckState } from "../state/fleet";
import { contractorName } from "../state/register";
import { filterOf } from "./list-filter";
import { Chip, matches, SearchField } from "./list-parts";

const search = listSearches.trucks;
const STATES: readonly TruckState[] = ["driving", "standing", "stale", "offline", "unknown"];
const stateFilter = filterOf("trucks", STATES);

export function TruckList() {
  useDroppedVisits();
  const states = truckStates.value;
  const all = vehicles.value.value;
  const found = all.filter(
    (truck) =>
      (stateFilter.chosen.value === null || states.get(truck.id) === stateFilter.chosen.value) &&
      matches(search.value, [
        truck.id,
        truck.plate,
        contractorName(truck.contractor_id),
        tWord("vehicleKind", truck.kind),
      ]),
  );
  return (
    <>
      <SearchField text={search} label={t("list.searchTrucks")} />
      <div class="chips">
        {STATES.map((state) => {
          const count = all.filter((truck) => states.get(truck.id) === state).length;
          if (count === 0 && stateFilter.chosen.value !== state) return null;
          return (
            <Chip
              key={state}
              chosen={stateFilter.chosen.value === state}
              count={count}
              onChoose={() => stateFilter.toggle(state)}
            >
              <TruckMark state={state} />
              {t(`truckState.${state}`)}
            </Chip>
          );
        })}
      </div>
      <Notice
        of={vehicles}
        isEmpty={found.length === 0}
        empty={all.length === 0 ? t("trucks.empty") : t("list.noMatch")}
      />
      <WindowList
        items={found}
        rowHeight={58}
        label={t("tab.trucks")}
        keyOf={(truck) => truck.id}
        row={(truck) => <TruckRow truck={truck} state={states.get(truck.id) ?? "unknown"} />}
        isSelected={(truck) => selection.value?.kind === "vehicle" && selection.value.id === truck.id}
        onSelect={(truck) => select("vehicle", truck.id)}
      />
    </>
  );
}

/** While a visit is dragged from a card, the rows take it. */
function useDroppedVisits(): void {
  useEffect(() => {
    const rowUnder = (event: DragEvent) =>
      (event.target as HTMLElement | null)?.closest<HTMLElement>(".lists li[data-key]")?.dataset["key"];
    const over = (event: DragEvent) => {
      if (carried.peek() !== null && rowUnder(event) !== undefined) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      const vehicleId = rowUnder(event);
      if (carried.peek() === null || vehicleId === undefined) return;
      event.preventDefault();
      void dropOn(vehicleId);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
}

function TruckRow({ truck, state }: { truck: Vehicle; state: TruckState }) {
  const load = truck.load_kg;
  const price = carriedPrices.value.get(truck.id);
  const speed = state === "driving" ? t("unit.kmh", { value: showNumber(truck.last_position?.speed_kmh) }) : null;
  return (
    <>
      <TruckMark state={state} />
      <span class="row-main">
        <span class="row-title">{truck.plate ?? truck.id}</span>
        <span class="row-sub">
          {tWord("vehicleKind", truck.kind)} · {speed ?? t(`truckState.${state}`)}
        </span>
      </span>
      <span class="row-side">
        {price !== undefined && <span class="row-price">{showChange(price.extra_cost, 1)}</span>}
        {truck.route !== null && (
          <span class="row-figure">
            {truck.route.served}/{truck.route.stops}
          </span>
        )}
        <span class="row-load">
          <Meter
            ratio={load === null ? null : load / truck.capacity_kg}
            label={`${t("card.load")} ${t("unit.kg", { value: showNumber(load) })}`}
            overIsBad
          />
          <span class="row-sub">
            {load === null ? t("app.none") : t("unit.t", { value: showNumber(load / 1000, 1) })}
          </span>
        </span>
      </span>
    </>
  );
}
