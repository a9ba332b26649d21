/** The bar of a page beside the desk: what it is, whose town, and the switches. */
import type { ComponentChildren } from "preact";

import { endSession } from "../api/client";
import { Brand } from "../components/brand";
import { Icon } from "../components/icons";
import { LanguageSwitch, ThemeSwitch } from "../components/switches";
import { language, t, tWord } from "../i18n/catalogue";
import { town } from "../state/clock";
import { session } from "../state/session";

export function Bar({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="bar">
      <Brand />
      <div class="bar-names">
        <h1>{title}</h1>
        <p>{town.value?.name}</p>
      </div>
      {children}
      <div class="bar-switches">
        <LanguageSwitch />
        <ThemeSwitch />
        {session.value !== null && <SignOut />}
      </div>
    </header>
  );
}

/** Where a page of the office leads to; the session lives in the browser's tab, so the links stay in it. */
export function PageLink({ to, children }: { to: string; children: ComponentChildren }) {
  return (
    <a class="page-link" href={`${to}${language.value === "en" ? "#lang=en" : ""}`}>
      {children}
    </a>
  );
}

function SignOut() {
  const who = session.value;
  const label = who === null ? "" : t("top.user", { name: who.userName, role: tWord("role", who.role) });
  return (
    <button type="button" class="quiet icon-button" aria-label={t("top.signOut")} title={label} onClick={endSession}>
      <Icon name="signOut" />
    </button>
  );
}
