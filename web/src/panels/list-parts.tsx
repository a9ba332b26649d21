/** Parts that the lists share: the search field, the filter chips, and how a search matches. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

import { Icon } from "../components/icons";

export function SearchField({ text, label }: { text: Signal<string>; label: string }) {
  return (
    <label class="search">
      <Icon name="search" />
      <input
        type="search"
        placeholder={label}
        aria-label={label}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
    </label>
  );
}

interface ChipProps {
  chosen: boolean;
  count?: number;
  onChoose: () => void;
  children: ComponentChildren;
}

/** A filter that is on or off. */
export function Chip({ chosen, count, onChoose, children }: ChipProps) {
  return (
    <button type="button" class="chip" aria-pressed={chosen} onClick={onChoose}>
      {children}
      {count !== undefined && <span class="chip-count">{count}</span>}
    </button>
  );
}

/** Tell whether every word of `search` occurs in one of `texts`, in upper or lower case. */
export function matches(search: string, texts: readonly (string | null)[]): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const searched = texts.map((text) => text?.toLowerCase() ?? "");
  return words.every((word) => searched.some((text) => text.includes(word)));
}
