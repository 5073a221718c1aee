/** Small pieces that pages share. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { age, moment, words } from "../format";
import type { Intent } from "../model";
import { Time } from "./time";

/** Set the document's title and show the page's one heading. */
export function Heading({
  children,
  title,
  isHidden = false,
}: {
  children: ComponentChildren;
  title: string;
  isHidden?: boolean;
}) {
  useEffect(() => {
    document.title = `${title} · Maestro`;
  }, [title]);
  return <h1 class={isHidden ? "vh" : ""}>{children}</h1>;
}

export function Section({
  title,
  children,
  aside,
  count,
}: {
  title: string;
  count?: ComponentChildren;
  children: ComponentChildren;
  aside?: ComponentChildren;
}) {
  const id = `section-${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {count !== undefined && <span class={typeof count === "number" ? "muted" : "muted count"}>{count}</span>}
        {aside}
      </div>
      {children}
    </section>
  );
}

export interface Column {
  name: string;
  isNumber?: boolean;
  classes?: string;
}

type Columns = (Column | string)[];

const named = (columns: Columns): Column[] => columns.map((one) => (typeof one === "string" ? { name: one } : one));

export function Head({ columns }: { columns: Columns }) {
  return (
    <thead>
      <tr {...ROW}>
        {named(columns).map(({ name, isNumber, classes = "" }) => (
          <th key={name} scope="col" class={`${isNumber ? "number " : ""}${classes}`.trim()}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** With more columns a phone would hide some. */
const MOST_ON_A_PHONE = 3;

interface TableProps {
  caption: string;
  columns: Columns;
  classes?: string;
  children: ComponentChildren;
}

/** A table whose rows become cards on a phone; one of few columns scrolls sideways at most, by keyboard too. */
export function Table({ caption, columns, classes = "", children }: TableProps) {
  const isCards = columns.length > MOST_ON_A_PHONE;
  const body = useRef<HTMLTableSectionElement>(null);
  // Cells are named after their columns here, so that no page has to repeat the names
  useLayoutEffect(() => {
    const names = named(columns).map(({ name }) => name);
    for (const row of isCards ? (body.current?.rows ?? []) : []) {
      row.setAttribute("role", ROW.role);
      for (const [at, cell] of [...row.cells].entries()) {
        cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : CELL.role);
        cell.setAttribute("data-name", names[at] ?? "");
      }
    }
  });
  const table = (
    <table class={isCards ? `t cards ${classes}`.trim() : ""} aria-label={caption} {...TABLE}>
      <Head columns={columns} />
      <tbody ref={body}>{children}</tbody>
    </table>
  );
  return isCards ? (
    table
  ) : (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label={caption} tabIndex={0}>
      {table}
    </section>
  );
}

/** A BUY that closes a short is not an entry, and a SELL may open one: the intent says so where the action does not. */
export function ActionBadge({ action, intent }: { action: string; intent?: Intent | undefined }) {
  if (action === "BUY" && (intent === "EXIT" || intent === "FLIP")) {
    return <span class="badge intent-exit">BUY to close</span>;
  }
  if (action === "SELL" && intent === "ENTRY") {
    return <span class="badge action-short">SELL short</span>;
  }
  return <span class={`badge action-${action.toLowerCase()}`}>{action}</span>;
}

export function IntentBadge({ intent }: { intent: Intent }) {
  return <span class={`badge intent-${intent.toLowerCase()}`}>{words(intent)}</span>;
}

/** A time and its age, which ticks; `short` shows the age alone. */
export function Ago({ at, short = false }: { at: Date; short?: boolean }) {
  const now = useNow(10_000);
  return (
    <Time at={at}>
      {short ? (
        age(at, now)
      ) : (
        <>
          {moment(at)} <span class="muted">({age(at, now)})</span>
        </>
      )}
    </Time>
  );
}

/** Tables whose rows become cards on a phone say their roles: a browser may take them away with the layout. */
export const TABLE = { role: "table" } as const;
export const ROW = { role: "row" } as const;
export const CELL = { role: "cell" } as const;

/** Return the time, and update it every so often. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
