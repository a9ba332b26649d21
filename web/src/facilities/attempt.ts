/** Something that a person does and that may fail: its sentence is then beside it. */
import type { Signal } from "@preact/signals";

import { sentenceOf } from "../api/problem";

/** Do something that may fail; its sentence is then in `problem`. */
export async function attempt(problem: Signal<string | null>, deed: () => Promise<void>): Promise<void> {
  problem.value = null;
  try {
    await deed();
  } catch (error) {
    problem.value = sentenceOf(error);
  }
}
