/** Something fetched for the page: what is known of it, whether it is on its way, and what went wrong. */
import { signal, type Signal } from "@preact/signals";

import { sentenceOf } from "../api/problem";

export interface Loaded<Value> {
  /** The newest value that came; it stays while a newer one is on its way and when that fails. */
  readonly value: Signal<Value>;
  /** True until the first value or error. */
  readonly waiting: Signal<boolean>;
  /** The sentence of the newest attempt's error, or null. */
  readonly error: Signal<string | null>;
  /** Fetch anew; an answer that a later `load` has overtaken is dropped. */
  load(fetch: () => Promise<Value>): Promise<void>;
  /** Back to the start, as at sign-out or for another day. */
  clear(): void;
}

/** Make a `Loaded` that holds `empty` until the first answer. */
export function loaded<Value>(empty: Value): Loaded<Value> {
  const value = signal(empty);
  const waiting = signal(true);
  const error = signal<string | null>(null);
  let newest = 0;
  return {
    value,
    waiting,
    error,
    async load(fetch) {
      const mine = ++newest;
      try {
        const answer = await fetch();
        if (mine !== newest) return;
        value.value = answer;
        error.value = null;
      } catch (problem) {
        if (mine !== newest) return;
        error.value = sentenceOf(problem);
      }
      waiting.value = false;
    },
    clear() {
      newest++;
      value.value = empty;
      waiting.value = true;
      error.value = null;
    },
  };
}
