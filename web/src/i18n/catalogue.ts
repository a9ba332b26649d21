/** The texts by language: `t` looks one up, typed so that its key exists and its blanks are filled. */
import { signal } from "@preact/signals";

import { en } from "./en";
import { zh } from "./zh";

export type MessageKey = keyof typeof zh;
export type Language = "zh" | "en";

/** The names in braces of a message, e.g. "cleared" | "due". */
type Blanks<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Blanks<Rest> : never;

export type MessageValues<Key extends MessageKey> = Record<Blanks<(typeof zh)[Key]>, string | number>;

type MessageArguments<Key extends MessageKey> = [Blanks<(typeof zh)[Key]>] extends [never]
  ? []
  : [values: MessageValues<Key>];

const CATALOGUES: Record<Language, Readonly<Record<MessageKey, string>>> = { zh, en };

/** The language of the page; reading it in a component makes the component follow it. */
export const language = signal<Language>("zh");

/** The language as browsers and Intl name it. */
export function languageTag(): string {
  return language.value === "zh" ? "zh-CN" : "en-GB";
}

/** Return the text of `key` in the page's language, its blanks filled with `values`. */
export function t<Key extends MessageKey>(key: Key, ...values: MessageArguments<Key>): string {
  const text: string = CATALOGUES[language.value][key];
  const blanks: Readonly<Record<string, string | number>> = values[0] ?? {};
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(blanks[name] ?? ""));
}

/** Return the text of a word of the API's closed vocabularies, or the word itself where it is new to the page. */
export function tWord(family: string, word: string): string {
  const texts: Readonly<Record<string, string>> = CATALOGUES[language.value];
  return texts[`${family}.${word}`] ?? word;
}
