/** What stands where there is nothing else to show: loading, an error's sentence, or that there is nothing. */
import { t } from "../i18n/catalogue";
import type { Loaded } from "../state/loading";
import { Icon } from "./icons";

/** An error's sentence, read out at once. */
export function Problem({ sentence }: { sentence: string | null }) {
  if (sentence === null) return null;
  return (
    <p class="problem" role="alert">
      <Icon name="warning" />
      <span>{sentence}</span>
    </p>
  );
}

/** Whether something is loading, failed or empty; nothing where there is something to show. */
export function Notice({ of, isEmpty, empty }: { of: Loaded<unknown>; isEmpty: boolean; empty: string }) {
  if (of.error.value !== null) return <Problem sentence={of.error.value} />;
  if (of.waiting.value) return <p class="notice loading">{t("app.loading")}</p>;
  return isEmpty ? <p class="notice">{empty}</p> : null;
}
