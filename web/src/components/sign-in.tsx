/** The sign-in form, which is all that a visitor without a token sees. */
import { useSignal } from "@preact/signals";

import { sentenceOf } from "../api/problem";
import { signInWith } from "../api/endpoints";
import { t } from "../i18n/catalogue";
import { signInAs, signOutReason } from "../state/session";
import { Problem } from "./notice";
import { LanguageSwitch } from "./switches";
import { Brand } from "./brand";

export function SignIn() {
  const problem = useSignal<string | null>(null);
  const working = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    working.value = true;
    problem.value = null;
    try {
      signInAs(await signInWith(textOf(form, "username"), textOf(form, "password")));
    } catch (error) {
      problem.value = sentenceOf(error);
    }
    working.value = false;
  };
  return (
    <main class="sign-in">
      <form class="sign-in-form" onSubmit={(event) => void submit(event)}>
        <Brand />
        <p class="sign-in-intro">{t("signIn.intro")}</p>
        <h1>{t("signIn.heading")}</h1>
        {signOutReason.value === "expired" && <p class="notice">{t("signIn.expired")}</p>}
        <label>
          <span>{t("signIn.name")}</span>
          <input name="username" autocomplete="username" required autofocus spellcheck={false} />
        </label>
        <label>
          <span>{t("signIn.password")}</span>
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <Problem sentence={problem.value} />
        <button type="submit" class="primary" disabled={working.value}>
          {working.value ? t("signIn.working") : t("signIn.submit")}
        </button>
        <LanguageSwitch />
      </form>
    </main>
  );
}

function textOf(form: FormData, field: string): string {
  const value = form.get(field);
  return typeof value === "string" ? value : "";
}
