/** A table's file: what the page has of it, unformatted. */

import { csvOf, type Fields, fileName } from "../csv";
import { useSession } from "../session";

interface Props<T> {
  /** What it is called in the file's name and to a screen reader. */
  table: string;
  rows: T[];
  fields: Fields<T>;
}

export function Csv<T>({ table, rows, fields }: Props<T>) {
  const { tenant } = useSession();
  const save = () => {
    const name = fileName(tenant, table.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"), new Date());
    const url = URL.createObjectURL(new Blob([csvOf(rows, fields)], { type: "text/csv;charset=utf-8" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may still read it
  };
  return (
    <button type="button" class="csv" onClick={save} disabled={rows.length === 0} aria-label={`CSV of ${table}`}>
      CSV
    </button>
  );
}
