/** Light or dark: as the system has it, unless chosen; the choice is kept in the browser. */
import { computed, effect, signal } from "@preact/signals";

const STORAGE_KEY = "riqing.theme";

export type ThemeChoice = "auto" | "light" | "dark";
export const THEME_CHOICES: readonly ThemeChoice[] = ["auto", "light", "dark"];

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", (event) => (systemIsDark.value = event.matches));

const kept = localStorage.getItem(STORAGE_KEY);
export const themeChoice = signal<ThemeChoice>(THEME_CHOICES.find((choice) => choice === kept) ?? "auto");

export const theme = computed<"light" | "dark">(() => {
  if (themeChoice.value !== "auto") return themeChoice.value;
  return systemIsDark.value ? "dark" : "light";
});

/** The theme whose colours the document shows; map and charts repaint when it changes. */
export const paintedTheme = signal<"light" | "dark">("light");

/** Put the theme on the document from now on. */
export function followTheme(): void {
  effect(() => {
    localStorage.setItem(STORAGE_KEY, themeChoice.value);
    document.documentElement.dataset["theme"] = theme.value;
    paintedTheme.value = theme.value;
  });
}

/** The value of a colour token, e.g. token("accent"). */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
