/** Where somebody has put a page's ground map, which the page's address carries as the desk's does. */
import { effect, signal } from "@preact/signals";

import { formatPlace, parsePlace, type MapPlace } from "../state/map-place";
import { hashSignal } from "./hash";

const text = hashSignal("map", "");

/** Null while the map shows by itself what the page looks at. */
export const groundPlace = signal<MapPlace | null>(parsePlace(text.peek()));

effect(() => {
  // The address rounds: what it says is news only where it says something else.
  if (text.value !== formatPlace(groundPlace.peek())) groundPlace.value = parsePlace(text.value);
});
effect(() => {
  text.value = formatPlace(groundPlace.value);
});
