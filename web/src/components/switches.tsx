/** The switches of language and theme. */
import { language, t, type MessageKey } from "../i18n/catalogue";
import { theme, THEME_CHOICES, themeChoice, type ThemeChoice } from "../state/theme";
import { Icon } from "./icons";

export function LanguageSwitch() {
  const other = language.value === "zh" ? "en" : "zh";
  return (
    <button
      type="button"
      class="quiet language-switch"
      title={t("top.languageHint")}
      lang={other === "zh" ? "zh-CN" : "en"}
      onClick={() => (language.value = other)}
    >
      {t("top.language")}
    </button>
  );
}

const THEME_KEYS = {
  auto: "top.themeAuto",
  light: "top.themeLight",
  dark: "top.themeDark",
} as const satisfies Record<ThemeChoice, MessageKey>;

export function ThemeSwitch() {
  const choice = themeChoice.value;
  const next = THEME_CHOICES[(THEME_CHOICES.indexOf(choice) + 1) % THEME_CHOICES.length] ?? "auto";
  const label = `${t("top.theme")}: ${t(THEME_KEYS[choice])}`;
  return (
    <button
      type="button"
      class={`quiet icon-button theme-${theme.value}`}
      title={label}
      aria-label={label}
      onClick={() => (themeChoice.value = next)}
    >
      <Icon name="theme" />
    </button>
  );
}
