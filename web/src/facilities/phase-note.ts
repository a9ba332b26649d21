/** What a phase's note says; one that was taken over from a scenario has only the scenario's code. */

const OF_SCENARIO = /^scenario ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The code of the scenario that a phase was taken over from; null where somebody wrote the note. */
export function scenarioOfNote(note: string): string | null {
  return OF_SCENARIO.exec(note)?.[1] ?? null;
}
