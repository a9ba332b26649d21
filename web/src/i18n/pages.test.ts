/** The texts of the pages beside the desk: both languages say the same, and nothing is said that nobody shows. */
import { expect, test } from "vitest";

interface Page {
  catalogues: { zh: Record<string, string>; en: Record<string, string> };
}

const PAGES = import.meta.glob<Page>(["./driver.ts", "./residents.ts", "./office.ts", "./facilities.ts"], {
  eager: true,
});
const SOURCES = import.meta.glob<string>(["../{driver,residents,office,facilities}/**/*.{ts,tsx}"], {
  query: "?raw",
  import: "default",
  eager: true,
});

const blanksOf = (text: string) => [...new Set(Array.from(text.matchAll(/\{(\w+)[}|]/g), (match) => match[1]))].sort();
const pages = Object.entries(PAGES).map(([file, page]) => [file.slice(2, -3), page.catalogues] as const);

test.each(pages)("the page %s has the same blanks in both languages", (_, { zh, en }) => {
  const blanks = (texts: Record<string, string>) => Object.entries(texts).map(([key, text]) => [key, blanksOf(text)]);
  expect(blanks(en)).toEqual(blanks(zh));
});

test.each(pages)("the page %s shows each of its texts", (name, { zh }) => {
  const source = Object.entries(SOURCES)
    .filter(([file]) => file.startsWith(`../${name}/`))
    .map(([, text]) => text)
    .join("\n");
  const isShown = (key: string) => {
    const family = key.slice(0, key.indexOf(".") + 1);
    return source.includes(`"${key}"`) || (family !== "" && source.includes(`\`${family}\${`));
  };
  expect(Object.keys(zh).filter((key) => !isShown(key))).toEqual([]);
});
