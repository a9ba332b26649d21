/** A driver stays signed in when the phone closes the page: a shift is longer than a browser's tab lives. */
import { effect } from "@preact/signals";

import { session, type Session } from "../state/session";

const STORAGE_KEY = "riqing.driver";

/** Take the session up again that was kept, and keep it from now on until it is ended. */
export function keepSignedIn(): void {
  const kept = localStorage.getItem(STORAGE_KEY);
  if (session.peek() === null && kept !== null) session.value = JSON.parse(kept) as Session;
  effect(() => {
    if (session.value === null) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, JSON.stringify(session.value));
  });
}
