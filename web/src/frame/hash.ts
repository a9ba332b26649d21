/** State of a page beside the desk that its address carries: one signal for each name in the fragment. */
import { effect, signal, type Signal } from "@preact/signals";

import { language } from "../i18n/catalogue";

const followed = new Map<string, { of: Signal<string>; usual: string }>();

/** Return a signal that holds what the fragment says of `name`, and `usual` where it says nothing. */
export function hashSignal(name: string, usual: string): Signal<string> {
  const of = signal(new URLSearchParams(location.hash.slice(1)).get(name) ?? usual);
  followed.set(name, { of, usual });
  return of;
}

/** Keep the address and the signals the same from now on, the page's language among them. */
export function followHash(): void {
  const read = () => {
    const query = new URLSearchParams(location.hash.slice(1));
    language.value = query.get("lang") === "en" ? "en" : "zh";
    for (const [name, { of, usual }] of followed) of.value = query.get(name) ?? usual;
  };
  read();
  addEventListener("hashchange", read);
  effect(() => {
    const query = new URLSearchParams();
    for (const [name, { of, usual }] of followed) if (of.value !== usual) query.set(name, of.value);
    if (language.value !== "zh") query.set("lang", language.value);
    const fragment = query.toString();
    if (fragment !== location.hash.slice(1)) history.replaceState(null, "", fragment === "" ? "." : `#${fragment}`);
  });
}
