/** What to look for among decisions; the address has all of it, so that it can be shared. */

import { useEffect, useState } from "preact/hooks";
import { addressOf, type Filter, isFiltered } from "../cockpit/decided";
import { words } from "../format";
import type { Entry } from "../live";
import { type Decision, verdictsOf } from "../model";
import { dayBeside, wallTime, zoneTime } from "../zone";

interface Props {
  filter: Filter;
  decisions: Entry<Decision>[];
  change: (next: Filter) => void;
}

const PAUSE_MS = 300;

export function DecisionFilter({ filter, decisions, change }: Props) {
  const set = (part: keyof Filter) => (value: string) => {
    const { [part]: _, ...others } = filter;
    change(value === "" ? others : { ...others, [part]: value });
  };
  const names = distinct(decisions.flatMap(({ value }) => verdictsOf(value).map((one) => one.strategy_name)));
  const codes = distinct(
    decisions.flatMap(({ value }) => verdictsOf(value).flatMap((one) => one.reason_codes ?? [one.reason_code])),
  );
  return (
    <search class="filter">
      <Choice name="Strategy" value={filter.strategy} all={names} change={set("strategy")} />
      <Choice name="Rule" value={filter.rule} all={codes} say={words} change={set("rule")} />
      <Typed value={filter.text ?? ""} change={set("text")} />
      <label>
        From ({zoneTime()})
        <input
          type="datetime-local"
          value={asInput(filter.from, "00:00")}
          onChange={(event) => set("from")(event.currentTarget.value)}
        />
      </label>
      <label>
        To ({zoneTime()})
        <input
          type="datetime-local"
          value={asInput(filter.to, "23:59")}
          onChange={(event) => set("to")(event.currentTarget.value)}
        />
      </label>
      <Spans filter={filter} />
    </search>
  );
}

/** Days that people ask for, as links: each is an address. */
function Spans({ filter }: { filter: Filter }) {
  const today = wallTime(new Date()).slice(0, 10);
  const spans: [string, string | undefined, string | undefined][] = [
    ["Today", today, today],
    ["Yesterday", dayBeside(today, -1), dayBeside(today, -1)],
    ["7 days", dayBeside(today, -6), today],
  ];
  const { from: _, to: __, ...others } = filter;
  return (
    <p class="spans">
      {spans.map(([name, from, to]) => (
        <a
          key={name}
          href={addressOf({ ...others, from: from as string, to: to as string })}
          aria-current={filter.from === from && filter.to === to ? "true" : undefined}
        >
          {name}
        </a>
      ))}
      {isFiltered(filter) && <a href="/decisions">Show all</a>}
    </p>
  );
}

interface ChoiceProps {
  name: string;
  value: string | undefined;
  all: string[];
  say?: (one: string) => string;
  change: (value: string) => void;
}

function Choice({ name, value, all, say = (one) => one, change }: ChoiceProps) {
  const known = value === undefined || all.includes(value) ? all : [value, ...all];
  return (
    <label>
      {name}
      <select value={value ?? ""} onChange={(event) => change(event.currentTarget.value)}>
        <option value="">All</option>
        {known.map((one) => (
          <option key={one} value={one}>
            {say(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A text field that waits until typing stops. */
function Typed({ value, change }: { value: string; change: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) {
      return;
    }
    const timer = setTimeout(() => change(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label>
      Words in the reasons
      <input type="search" value={text} maxLength={100} onInput={(event) => setText(event.currentTarget.value)} />
    </label>
  );
}

const asInput = (wall: string | undefined, time: string): string =>
  wall === undefined ? "" : wall.includes("T") ? wall : `${wall}T${time}`;

const distinct = (all: string[]): string[] => [...new Set(all)].toSorted();
