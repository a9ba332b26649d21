/** The texts by language: `t` looks one up, typed so that its key exists and its blanks are filled. */
import { signal } from "@preact/signals";

import { en } from "./en";
import { zh } from "./zh";

export type MessageKey = keyof typeof zh;
export type Language = "zh" | "en";

/** The names in braces of a message, e.g. "cleared" | "due". */
type Blanks<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Blanks<Rest> : never;

type Arguments<Text extends string> = [Blanks<Text>] extends [never]
  ? []
  : [values: Record<Blanks<Text>, string | number>];

export type MessageValues<Key extends MessageKey> = Record<Blanks<(typeof zh)[Key]>, string | number>;

const CATALOGUES: Record<Language, Readonly<Record<MessageKey, string>>> = { zh, en };

/** The language of the page; reading it in a component makes the component follow it. */
export const language = signal<Language>("zh");

/** The language as browsers and Intl name it. */
export function languageTag(): string {
  return language.value === "zh" ? "zh-CN" : "en-GB";
}

/** Return the text of `key` in the page's language, its blanks filled with `values`. */
export function t<Key extends MessageKey>(key: Key, ...values: Arguments<(typeof zh)[Key]>): string {
  return fill(CATALOGUES[language.value][key], values[0]);
}

/** Make the `t` of a page that has texts of its own, so that no other page carries them. */
export function textsOf<const Zh extends Readonly<Record<string, string>>>(
  chinese: Zh,
  english: Readonly<Record<keyof Zh, string>>,
) {
  return <Key extends keyof Zh & string>(key: Key, ...values: Arguments<Zh[Key]>): string =>
    fill(language.value === "zh" ? chinese[key] : english[key], values[0]);
}

/** Fill the blanks; `{count|visit|visits}` is the word that goes with what the blank `count` shows: of one, of others. */
function fill(text: string | undefined, blanks: Readonly<Record<string, string | number>> = {}): string {
  return (text ?? "").replace(
    /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g,
    (_, name: string, ofOne: string | undefined, ofOthers: string | undefined) => {
      const shown = String(blanks[name] ?? "");
      return ofOne === undefined ? shown : isOne(shown) ? ofOne : (ofOthers ?? "");
    },
  );
}

/** Whether a number as it is shown goes with the singular: 1 does, 1.0 does not. */
function isOne(shown: string): boolean {
  const written = shown.replaceAll(",", "");
  const digits = written.split(".")[1]?.length ?? 0;
  return pluralRules(languageTag(), digits).select(Number(written)) === "one";
}

// Making rules takes a hundred times as long as using them, and a list counts in many rows.
const rulesByDigits = new Map<string, Intl.PluralRules>();

function pluralRules(tag: string, digits: number): Intl.PluralRules {
  const key = `${tag} ${digits}`;
  const rules = rulesByDigits.get(key) ?? new Intl.PluralRules(tag, { minimumFractionDigits: digits });
  rulesByDigits.set(key, rules);
  return rules;
}

/** Return the text of a word of the API's closed vocabularies, or the word itself where it is new to the page. */
export function tWord(family: string, word: string): string {
  const texts: Readonly<Record<string, string>> = CATALOGUES[language.value];
  return texts[`${family}.${word}`] ?? word;
}
