/** The state of the page survives its address. */
import { expect, test } from "vitest";

import { formatAddress, parseAddress } from "./address";

test.each([
  "",
  "tab=points",
  "tab=alarms&select=broker%3Abroker",
  "tab=unserved&list=1&panel=plan&select=vehicle%3AV01&date=2026-11-22&plan=abc&lang=en",
  // A code may hold the separator itself.
  "select=point%3AA%3A7",
  "tab=points&select=point%3A%E5%8C%97%2F7",
  "panel=timeline&select=vehicle%3AV01",
  "panel=timeline&date=2026-06-01&at=2026-06-01T00%3A12%3A30Z",
  "select=facility%3A%E7%AB%99+1",
  "tab=points&map=116.40010%2C40.10000%2C14.25",
  "tab=alarms&q=%E5%8C%97+7&only=all&kind=device_silent",
  "panel=timeline&rows=V0&hide=toilets%2Clabels",
  "panel=plan&view=compare&with=abc%3Ayesterday",
  "panel=figures&by=hour&lang=en",
])("the address %s reads and writes the same", (fragment) => {
  expect(formatAddress(parseAddress(`#${fragment}`))).toBe(fragment);
});

test.each([
  "tab=nonsense",
  "date=22.11.2026",
  "select=moon:1",
  "panel=",
  "lang=fr",
  "at=soon",
  "map=1,2",
  "map=1,2,x",
  "map=181,0,3",
  "q=&only=&hide=",
  "%%%",
])("what is not understood in %s is left at its default", (fragment) => {
  expect(formatAddress(parseAddress(fragment))).toBe("");
});
