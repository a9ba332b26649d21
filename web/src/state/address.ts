/** The state of the page that its address carries: what is selected, open, listed and on the map, day and language. */
import { batch, computed, effect, signal, type Signal } from "@preact/signals";

import type { Instant } from "../api/types";
import { language } from "../i18n/catalogue";
import { formatPlace, parsePlace, type MapPlace } from "./map-place";

export type Tab = "trucks" | "points" | "unserved" | "facilities" | "alarms";
export type Panel = "plan" | "timeline" | "figures";
/** Message broker and database are nowhere on the map; they have a card for their alarms. */
export type SelectionKind = "vehicle" | "point" | "facility" | ServerKind;
export type ServerKind = "broker" | "database";

export interface Selection {
  kind: SelectionKind;
  id: string;
}

export interface Address {
  tab: Tab;
  /** Whether a phone shows the lists rather than the map. */
  listOpen: boolean;
  panel: Panel | null;
  selection: Selection | null;
  /** The service day looked at; null is the town's today. */
  date: string | null;
  /** The plan shown in the panel; null is the published or newest one. */
  planId: string | null;
  /** The instant that is replayed, to the second; null is now. */
  replayedAt: Instant | null;
  /** Null while the map shows the town, or what is selected, by itself. */
  mapPlace: MapPlace | null;
  refinement: Refinement;
  language: "zh" | "en";
}

/**
 * What narrows what is looked at, as words by their names in the address; empty for nothing. Whoever shows a word knows
 * which there are, and takes one that is not for none.
 */
const REFINEMENTS = ["q", "only", "kind", "rows", "view", "with", "by", "hide"] as const;
export type Refinement = Readonly<Record<(typeof REFINEMENTS)[number], string>>;

export const TABS: readonly Tab[] = ["trucks", "points", "unserved", "facilities", "alarms"];
const PANELS: readonly Panel[] = ["plan", "timeline", "figures"];
const SELECTION_KINDS: readonly SelectionKind[] = ["vehicle", "point", "facility", "broker", "database"];

const SERVER_KINDS: readonly ServerKind[] = ["broker", "database"];

export const tab = signal<Tab>("trucks");
export const listOpen = signal(false);
export const panel = signal<Panel | null>(null);
export const selection = signal<Selection | null>(null);
export const chosenDate = signal<string | null>(null);
export const chosenPlanId = signal<string | null>(null);
export const replayedAt = signal<Instant | null>(null);
export const mapPlace = signal<MapPlace | null>(null);

const wordsByTab = () => Object.fromEntries(TABS.map((name) => [name, signal("")])) as Record<Tab, Signal<string>>;
/** What each list is searched for; the address has that of the list that is shown, as `q`. */
export const listSearches = wordsByTab();
/** The filter of each list, as `only`. */
export const listFilters = wordsByTab();
/** The one kind of alarms that is listed, as `kind`. */
export const alarmKind = signal("");
/** What the timeline's rows are searched for, as `rows`. */
export const timelineSearch = signal("");
/** What the panel shows beside a plan, as `view`. */
export const planViewWord = signal("");
/** A plan and, after a colon, the other that was chosen to compare it with, as `with`. */
export const comparedPair = signal("");
/** What the figures are grouped by, as `by`. */
export const figuresBy = signal("");
/** The map's layers that are hidden, with commas, as `hide`. */
export const hiddenLayers = signal("");

function refinementOf(of: Tab): Record<keyof Refinement, Signal<string>> {
  return {
    q: listSearches[of],
    only: listFilters[of],
    kind: alarmKind,
    rows: timelineSearch,
    view: planViewWord,
    with: comparedPair,
    by: figuresBy,
    hide: hiddenLayers,
  };
}

/** Read an address's fragment; what is not understood is left at its default. */
export function parseAddress(fragment: string): Address {
  const query = new URLSearchParams(fragment.replace(/^#/, ""));
  const [kind = "", ...idParts] = (query.get("select") ?? "").split(":");
  const selectionKind = oneOf(SELECTION_KINDS, kind);
  const date = query.get("date");
  return {
    tab: oneOf(TABS, query.get("tab")) ?? "trucks",
    listOpen: query.get("list") === "1",
    panel: oneOf(PANELS, query.get("panel")),
    selection: selectionKind === null ? null : { kind: selectionKind, id: idParts.join(":") },
    date: date !== null && /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : null,
    planId: query.get("plan"),
    replayedAt: Number.isNaN(Date.parse(query.get("at") ?? "")) ? null : query.get("at"),
    mapPlace: parsePlace(query.get("map")),
    refinement: byName((name) => query.get(name) ?? ""),
    language: query.get("lang") === "en" ? "en" : "zh",
  };
}

/** Write an address's fragment without the leading #; defaults are left out. */
export function formatAddress(address: Address): string {
  const query = new URLSearchParams();
  if (address.tab !== "trucks") query.set("tab", address.tab);
  if (address.listOpen) query.set("list", "1");
  if (address.panel !== null) query.set("panel", address.panel);
  if (address.selection !== null) query.set("select", `${address.selection.kind}:${address.selection.id}`);
  if (address.date !== null) query.set("date", address.date);
  if (address.planId !== null) query.set("plan", address.planId);
  if (address.replayedAt !== null) query.set("at", address.replayedAt);
  if (address.mapPlace !== null) query.set("map", formatPlace(address.mapPlace));
  for (const name of REFINEMENTS) if (address.refinement[name] !== "") query.set(name, address.refinement[name]);
  if (address.language !== "zh") query.set("lang", address.language);
  return query.toString();
}

const current = computed<Address>(() => ({
  tab: tab.value,
  listOpen: listOpen.value,
  panel: panel.value,
  selection: selection.value,
  date: chosenDate.value,
  planId: chosenPlanId.value,
  replayedAt: replayedAt.value,
  mapPlace: mapPlace.value,
  refinement: byName((name) => refinementOf(tab.value)[name].value),
  language: language.value,
}));

const UNREFINED = byName(() => "");

function byName(wordOf: (name: keyof Refinement) => string): Refinement {
  return Object.fromEntries(REFINEMENTS.map((name) => [name, wordOf(name)])) as Refinement;
}

/** Keep the page's state and its address the same from now on, in both directions. */
export function followAddress(): void {
  const read = () => {
    const address = parseAddress(location.hash);
    batch(() => {
      tab.value = address.tab;
      listOpen.value = address.listOpen;
      panel.value = address.panel;
      if (formatSelection(address.selection) !== formatSelection(selection.peek())) {
        selection.value = address.selection;
      }
      chosenDate.value = address.date;
      chosenPlanId.value = address.planId;
      replayedAt.value = address.replayedAt;
      if (formatPlace(address.mapPlace) !== formatPlace(mapPlace.peek())) mapPlace.value = address.mapPlace;
      const words = refinementOf(address.tab);
      for (const name of REFINEMENTS) words[name].value = address.refinement[name];
      language.value = address.language;
    });
  };
  read();
  addEventListener("hashchange", read);
  effect(() => {
    const fragment = formatAddress(current.value);
    const before = location.hash.replace(/^#/, "");
    if (fragment === before) return;
    const unmoved = (of: Address) => formatAddress({ ...of, replayedAt: null, mapPlace: null, refinement: UNREFINED });
    const isOnlyMoved = unmoved(current.value) === unmoved(parseAddress(before));
    const address = fragment === "" ? location.pathname : `#${fragment}`;
    // Going back leads to what was looked at before, not through each step of a slider, of the map or of a search.
    if (isOnlyMoved) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
  });
  addEventListener("popstate", read);
}

/** Select something, or with null nothing. */
export function select(kind: SelectionKind, id: string): void {
  selection.value = { kind, id };
}

/** Tell whether a word, as an alarm's `subject_kind`, names something that can be selected. */
export function isSelectionKind(word: string): word is SelectionKind {
  return oneOf(SELECTION_KINDS, word) !== null;
}

/** Tell whether what is selected is one of the stack's servers. */
export function isServer(word: string): word is ServerKind {
  return oneOf(SERVER_KINDS, word) !== null;
}

function formatSelection(of: Selection | null): string {
  return of === null ? "" : `${of.kind}:${of.id}`;
}

function oneOf<Value extends string>(values: readonly Value[], text: string | null): Value | null {
  return values.find((value) => value === text) ?? null;
}
