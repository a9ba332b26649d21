/** The bulletins to download: of the day, its week and its month, in the form that is wanted. */
import { useSignal } from "@preact/signals";

import { requestFile } from "../api/client";
import { sentenceOf } from "../api/problem";
import { Problem } from "../components/notice";
import { saveFile } from "../frame/save-file";
import { language } from "../i18n/catalogue";
import { t } from "../i18n/office";
import { session } from "../state/session";
import { PERIODS, periodName } from "./periods";
import { day } from "./state";

const FORMS = ["pdf", "xlsx", "html", "json"] as const;

export function Bulletins() {
  const problem = useSignal<string | null>(null);
  const making = useSignal<string | null>(null);
  if (session.value?.role === "contractor") return null;
  const fetchOne = async (period: string, form: string) => {
    making.value = `${period} ${form}`;
    problem.value = null;
    try {
      const path = `/reports/${period}?format=${form}&language=${language.value}`;
      saveFile(await requestFile(path, "*/*"), `${period}-${language.value}.${form}`);
    } catch (error) {
      problem.value = sentenceOf(error);
    }
    making.value = null;
  };
  return (
    <details class="bulletins">
      <summary>{t("bulletins")}</summary>
      <div class="bulletin-choice">
        {PERIODS.map((kind) => {
          const period = periodName(kind, day.value);
          return (
            <div key={kind} class="bulletin">
              <span>
                {t(`period.${kind}`)} {period}
              </span>
              {FORMS.map((form) => (
                <button
                  key={form}
                  type="button"
                  disabled={making.value !== null}
                  aria-label={t("download", { period, form: form.toUpperCase() })}
                  onClick={() => void fetchOne(period, form)}
                >
                  {form.toUpperCase()}
                </button>
              ))}
            </div>
          );
        })}
        {making.value !== null && <p class="notice loading">{t("making")}</p>}
        <Problem sentence={problem.value} />
      </div>
    </details>
  );
}
