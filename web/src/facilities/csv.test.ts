/** Tables as CSV. */
import { expect, test } from "vitest";

import { csvOf } from "./csv";

test("quotes stand where they must, and nothing runs as a formula", async () => {
  const table = csvOf([
    ["名称", "yuan"],
    ['a "b", c', 1.5],
    ["=1+1", null],
  ]);
  // Blob.text() takes the byte order mark away.
  const bytes = new Uint8Array(await table.arrayBuffer());
  expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  expect(new TextDecoder().decode(bytes)).toBe('名称,yuan\r\n"a ""b"", c",1.5\r\n\'=1+1,\r\n');
});
