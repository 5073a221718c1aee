/** Whether trading runs, in every header; where it does not, a bar says who stopped it, when and why. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { age, timeOf, words } from "../format";
import type { Live } from "../live";
import type { StoredPolicy, TradingState } from "../model";
import { useSession } from "../session";
import { KillSwitch } from "./kill-switch";
import { useNow } from "./parts";
import { Time } from "./time";
import { Who } from "./who";

/** The policy, which the frame of every page follows once. */
export const PolicyContext = createContext<Live<StoredPolicy | undefined>>({ state: "loading" });

function useTradingState(): { stored: StoredPolicy | undefined; state: TradingState; isKnown: boolean; now: Date } {
  const policy = useContext(PolicyContext);
  const now = useNow(1_000);
  const stored = policy.state === "ready" ? policy.value : undefined;
  const until = timeOf(stored?.trading_state_until);
  const state = until !== null && until <= now ? "RUN" : (stored?.trading_state ?? "RUN");
  return { stored, state, isKnown: policy.state === "ready", now };
}

export function TradingControl() {
  const { role } = useSession();
  const { state, isKnown } = useTradingState();
  return (
    <span class="control">
      <span class={`state state-${isKnown ? state.toLowerCase() : "unknown"}`} role="status" aria-label="Trading">
        <svg width="10" height="10" viewBox="0 0 12 12" aria-hidden="true">
          {state === "RUN" ? (
            <circle cx="6" cy="6" r="5.2" fill="currentColor" />
          ) : (
            <rect x="1" y="1" width="10" height="10" fill="currentColor" />
          )}
        </svg>
        <Named state={isKnown ? state : null} />
      </span>
      {role === "admin" && isKnown && <KillSwitch state={state} />}
    </span>
  );
}

function Named({ state }: { state: TradingState | null }) {
  if (state === "RUN") {
    return (
      <>
        <span class="x-sm">Trading runs</span>
        <span class="only-sm">Runs</span>
      </>
    );
  }
  return <>{state === null ? "Unknown" : state === "HALT" ? "Halted" : "Reduce only"}</>;
}

export function TradingBar() {
  const { stored, state, isKnown, now } = useTradingState();
  if (!isKnown || state === "RUN") {
    return null;
  }
  const [at, until] = [timeOf(stored?.trading_state_at), timeOf(stored?.trading_state_until)];
  return (
    <section class={`halted ${state.toLowerCase()}`} aria-label="Trading state">
      <strong>{words(state)}</strong>: {stored?.trading_state_reason ?? "no reason given"}
      {at && (
        <>
          {" · set "}
          <Time at={at}>{age(at, now)}</Time> by <Who uid={stored?.trading_state_by} />
        </>
      )}
      {until && (
        <>
          {" · until "}
          <Time at={until} />
        </>
      )}
      {state === "HALT" ? ". Only exits can be redeemed." : ". Every entry is held; exits pass."}
    </section>
  );
}
