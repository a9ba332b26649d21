/** The product's mark and name. */
import { t } from "../i18n/catalogue";

export function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" />
        <path class="brand-ring" d="M25 16a9 9 0 1 1-4.2-7.6" />
        <path class="brand-tick" d="M11.2 15.8 14.8 19.4 23.4 9.6" />
      </svg>
      <span class="brand-name">{t("app.name")}</span>
    </span>
  );
}
