/** A table as CSV that spreadsheets open rightly. */

const FORMULA = /^[=+\-@\t\r]/;

/** CSV in UTF-8 with a byte order mark; a text that a spreadsheet would run as a formula is led by an apostrophe. */
export function csvOf(rows: readonly (readonly (string | number | null)[])[]): Blob {
  const lines = rows.map((row) => row.map(cellOf).join(","));
  return new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}

function cellOf(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
