/** Tables as files: RFC 4180, figures as they are, times in ISO 8601 UTC, and no text that a spreadsheet would run. */

export type Cell = string | number | boolean | Date | null | undefined;

/** What a file has of a row, by column. */
export type Fields<T> = Record<string, (row: T) => Cell>;

/** What a spreadsheet takes for a formula when a cell begins with it. */
const FORMULA = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/;

/** The same after a separator that spreadsheets use where the comma is the decimal sign: quotes do not help there. */
const FORMULA_AFTER = /([;\t\r\n]"*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])/g;

/** Return a table with a line of names first; lines end as RFC 4180 has them. */
export function csvOf<T>(rows: T[], fields: Fields<T>): string {
  const names = Object.keys(fields);
  const lines = rows.map((row) => Object.values(fields).map((read) => written(read(row))));
  return [names.map(written), ...lines].map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** Return the name of a table's file: whose it is, what, and of which day. */
export function fileName(tenant: string, table: string, now: Date): string {
  return `${tenant}-${table}-${now.toISOString().slice(0, 10)}.csv`;
}

/** What is unknown is empty, and never 0. */
function written(cell: Cell): string {
  if (cell == null || (typeof cell === "number" && !Number.isFinite(cell))) {
    return "";
  }
  if (cell instanceof Date) {
    return Number.isNaN(cell.getTime()) ? "" : cell.toISOString();
  }
  return typeof cell === "string" ? quoted(inert(cell)) : String(cell);
}

const inert = (text: string): string => (FORMULA.test(text) ? "'" : "") + text.replace(FORMULA_AFTER, "$1'");
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
