/** Every check in a line; on a phone the worst one, and where the others are. */

import { type HealthState, worstOf } from "../cockpit/health";
import type { Board } from "../cockpit/use-board";
import { useHealth } from "../cockpit/use-health";

const SAID: Record<HealthState, string> = {
  ok: "checked",
  rest: "not due",
  unknown: "unknown",
  late: "look",
  bad: "failing",
};

export function HealthStrip({ board }: { board: Board }) {
  const checks = useHealth(board);
  const worst = worstOf(checks);
  return (
    <section class="strip health" aria-label="Health">
      <ul>
        {checks.map((check) => (
          <li key={check.name} class={check === worst ? "worst" : ""} title={check.detail}>
            <HealthMark state={check.state} /> <span class="muted">{check.name}</span> <span>{check.short}</span>
          </li>
        ))}
      </ul>
      <a href="/health">Health</a>
    </section>
  );
}

/** A state by shape, colour and word. */
export function HealthMark({ state, isSaid = false }: { state: HealthState; isSaid?: boolean }) {
  return (
    <span class={`hm hm-${state}`}>
      <svg width="15" height="15" viewBox="0 0 16 16" aria-hidden="true">
        <HealthShape state={state} />
      </svg>
      <span class={isSaid ? "" : "vh"}>{SAID[state]}</span>
    </span>
  );
}

function HealthShape({ state }: { state: HealthState }) {
  const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.5 };
  switch (state) {
    case "ok":
      return (
        <>
          <circle cx="8" cy="8" r="6.6" {...line} />
          <path d="M4.8 8.2l2.2 2.2 4.2-4.6" {...line} />
        </>
      );
    case "rest":
      return (
        <>
          <circle cx="8" cy="8" r="6.6" {...line} />
          <path d="M5 8h6" {...line} />
        </>
      );
    case "unknown":
      return (
        <>
          <circle cx="8" cy="8" r="6.6" {...line} stroke-dasharray="2.4 2" />
          <path d="M6.3 6.4a1.8 1.8 0 1 1 1.8 2v.9M8.1 11v.9" {...line} />
        </>
      );
    case "late":
      return (
        <>
          <path d="M8 1.8 14.8 14H1.2z" {...line} stroke-linejoin="round" />
          <path d="M8 6.2v3.9M8 11.6v.8" {...line} />
        </>
      );
    case "bad":
      return (
        <>
          <rect x="1.6" y="1.6" width="12.8" height="12.8" rx="2.5" fill="currentColor" />
          <path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" fill="none" stroke="var(--card)" stroke-width="1.8" />
        </>
      );
  }
}
