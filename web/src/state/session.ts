/** Who is signed in: the tokens live as long as the browser's tab, and are renewed as long as it is used. */
import { computed, signal } from "@preact/signals";

import type { AccessToken, Role } from "../api/types";

const STORAGE_KEY = "riqing.session";

export interface Session {
  token: string;
  /** Good once, for the next tokens. */
  refreshToken: string;
  /** By this machine's clock, ms. */
  tokenEndsAt: number;
  userName: string;
  role: Role;
}

export const session = signal<Session | null>(restore());
export const accessToken = computed(() => session.value?.token ?? null);

/** Why the sign-in form is shown again, where it is not by the user's own wish. */
export const signOutReason = signal<"expired" | null>(null);

/** Roles that may ask for plans and publish them. */
export const mayPlan = computed(() => ["admin", "dispatcher"].includes(session.value?.role ?? ""));

/** Roles that may note that an alarm has been seen. */
export const mayAcknowledge = computed(() => ["admin", "dispatcher", "office"].includes(session.value?.role ?? ""));

/** Keep the token that a sign-in answered. */
export function signInAs(answer: AccessToken): void {
  const kept = {
    token: answer.access_token,
    refreshToken: answer.refresh_token,
    tokenEndsAt: Date.now() + answer.expires_in * 1000,
    userName: answer.user_name,
    role: answer.role,
  };
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(kept));
  signOutReason.value = null;
  session.value = kept;
}

/** Forget the token and show the sign-in form. */
export function signOut(reason: "expired" | null = null): void {
  sessionStorage.removeItem(STORAGE_KEY);
  signOutReason.value = reason;
  session.value = null;
}

function restore(): Session | null {
  const kept = sessionStorage.getItem(STORAGE_KEY);
  const restored = kept === null ? null : (JSON.parse(kept) as Session);
  return restored?.refreshToken === undefined ? null : restored;
}
