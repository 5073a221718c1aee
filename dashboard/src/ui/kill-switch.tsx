/** The kill switch: who, when and why go on record, and nothing happens without a second, deliberate step. */

import { useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useAttempt } from "../attempt";
import { words } from "../format";
import type { TradingState } from "../model";
import { useSession } from "../session";
import { Act, WhileOffline } from "./act";
import { Until, untilOf } from "./until";

const EFFECT: Record<TradingState, string> = {
  RUN: "Strategies trade again, from the next redemption and the next cycle on.",
  REDUCE_ONLY: "No new exposure: every BUY becomes HOLD. Exits pass.",
  HALT: "Only exits can be redeemed, from the next redemption on.",
};

/** One button in the header: it halts, or resumes; what else there is to set is in the dialog. */
export function KillSwitch({ state }: { state: TradingState }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState(0);
  const ask = () => {
    setAsked(asked + 1);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class={state === "RUN" ? "halt" : ""} onClick={ask}>
        {state === "RUN" ? "Halt" : "Resume"}
        <span class="x-sm">&nbsp;trading</span>&nbsp;…
      </button>
      <dialog ref={dialog} aria-labelledby="kill-switch-title">
        <Confirmation key={asked} state={state} close={() => dialog.current?.close()} />
      </dialog>
    </>
  );
}

const insteadFor = (tenant: string): string =>
  `The switch cannot be reached. Use it on another device or network; or, in the Firebase console, set trading_state to HALT in tenants/${tenant}/config/maestro. ` +
  "Orders that are open already are cancelled at your broker's own site: Maestro places none.";

const STATES: TradingState[] = ["HALT", "REDUCE_ONLY", "RUN"];

function Confirmation({ state, close }: { state: TradingState; close: () => void }) {
  const { user, tenant } = useSession();
  const [wanted, setWanted] = useState<TradingState>(state === "RUN" ? "HALT" : "RUN");
  const { isBusy, problem, attempt } = useAttempt();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const entered = new FormData(form);
    const until = untilOf(entered);
    await attempt(async () => {
      await call(user, "PUT", "/v1/trading-state", {
        body: {
          state: wanted,
          reason: String(entered.get("reason")),
          ...(until && { until }),
        },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      form.reset();
      close();
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <h2 id="kill-switch-title">
        Set {tenant} to {words(wanted)}?
      </h2>
      <fieldset class="seg">
        <legend class="vh">Set trading to</legend>
        {STATES.filter((one) => one !== state).map((one) => (
          <button key={one} type="button" aria-pressed={one === wanted} onClick={() => setWanted(one)}>
            {words(one)}
          </button>
        ))}
      </fieldset>
      <p>{EFFECT[wanted]}</p>
      <label>
        Reason, for whoever reads it at 3 a.m.
        <input name="reason" required maxLength={500} autocomplete="off" />
      </label>
      {wanted !== "RUN" && <Until />}
      <WhileOffline instead={insteadFor(tenant)} />
      <div role="alert" class="problem">
        {problem}
      </div>
      <div class="buttons">
        <Act type="submit" class={wanted === "RUN" ? "primary" : "danger"} disabled={isBusy}>
          {isBusy ? "Working …" : `Yes, ${words(wanted).toLowerCase()}`}
        </Act>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}
