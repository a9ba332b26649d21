/** The filter of a list on the left: one of a few words, or none. */
import { computed, type ReadonlySignal } from "@preact/signals";

import { listFilters, type Tab } from "../state/address";

export interface ListFilter<Name extends string> {
  chosen: ReadonlySignal<Name | null>;
  /** Choose a word, or none where it was chosen. */
  toggle: (name: Name) => void;
}

/** The filter of the list under `tab`, of the words `names`. */
export function filterOf<Name extends string>(tab: Tab, names: readonly Name[]): ListFilter<Name> {
  const word = listFilters[tab];
  const chosen = computed(() => names.find((name) => name === word.value) ?? null);
  return { chosen, toggle: (name) => (word.value = chosen.value === name ? "" : name) };
}
