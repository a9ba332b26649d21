/** Both languages say the same: equal keys, equal blanks, and no text that nothing shows. */
import { expect, test } from "vitest";

import { language, t, textsOf, tWord } from "./catalogue";
import { en } from "./en";
import { zh } from "./zh";

const blanksOf = (text: string) => [...new Set(Array.from(text.matchAll(/\{(\w+)[}|]/g), (match) => match[1]))].sort();

test("both languages have the same keys", () => {
  expect(Object.keys(en)).toEqual(Object.keys(zh));
});

test("each text has the same blanks in both languages", () => {
  const blanks = (catalogue: object) => Object.entries(catalogue).map(([key, text]) => [key, blanksOf(String(text))]);
  expect(blanks(en)).toEqual(blanks(zh));
});

test("each text is used by the page", () => {
  const files = import.meta.glob<string>(["../**/*.{ts,tsx}", "!./*"], {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const source = Object.values(files).join("\n");
  const isUsed = (key: string) => {
    const family = key.slice(0, key.indexOf("."));
    return source.includes(`"${key}"`) || source.includes(`\`${family}.\${`) || source.includes(`tWord("${family}"`);
  };
  expect(Object.keys(zh).filter((key) => !isUsed(key))).toEqual([]);
});

test("blanks are filled, in the page's language", () => {
  language.value = "zh";
  expect(t("figure.clearanceCounts", { cleared: 3, due: 4 })).toBe("已清 3 / 应清 4");
  language.value = "en";
  expect(t("figure.clearanceCounts", { cleared: 3, due: 4 })).toBe("3 of 4");
});

const counted = textsOf({ due: "{count} 次应清" }, { due: "{count} {count|visit is|visits are} due" });

test.each([
  [0, "0 visits are due"],
  [1, "1 visit is due"],
  [2, "2 visits are due"],
  // As numbers are shown: with separators, with decimals, and where nothing is known.
  ["1,001", "1,001 visits are due"],
  ["1.0", "1.0 visits are due"],
  ["—", "— visits are due"],
])("a count of %s takes the word that goes with it", (count, said) => {
  language.value = "en";
  expect(counted("due", { count })).toBe(said);
  language.value = "zh";
  expect(counted("due", { count })).toBe(`${count} 次应清`);
});

test("a word that the API has and the page does not know shows as it is", () => {
  expect(tWord("vehicleKind", "hovercraft")).toBe("hovercraft");
});
