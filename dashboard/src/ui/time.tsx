/** A time, as every page shows it: in the tenant's zone, UTC on hover, and for machines. */

import type { ComponentChildren } from "preact";
import { brief, clock, day, moment, utc, when } from "../format";

const AS = { moment, clock, day, when: (at: Date) => when(at, new Date()), brief: (at: Date) => brief(at, new Date()) };

interface Props {
  at: Date | null;
  as?: keyof typeof AS;
  /** What is shown instead of the time, such as its age. */
  children?: ComponentChildren;
}

/** Show a time; a missing one is a dash. */
export function Time({ at, as = "moment", children }: Props) {
  return at === null ? (
    <>–</>
  ) : (
    <time dateTime={at.toISOString()} title={utc(at)} class={as}>
      {children ?? AS[as](at)}
    </time>
  );
}
