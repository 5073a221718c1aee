/** Switches one strategy on or off in the policy: confirmed, versioned, on record with who and when. */

import { useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useAttempt } from "../attempt";
import { quantity, timeOf } from "../format";
import type { LivePosition, Policy, StoredPolicy } from "../model";
import { useSession } from "../session";
import { Act, WhileOffline } from "./act";
import { Until, untilOf } from "./until";

interface Props {
  name: string;
  policy: StoredPolicy | undefined;
  /** What it holds live; null: unknown. */
  held: LivePosition[] | null;
}

/** Fields that other requests set, and a change of the policy may not name. */
const NOT_SETTINGS = /^(trading_state|version$|updated_)/;

export function StrategySwitch({ name, policy, held }: Props) {
  const { role } = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState(0);
  const isOn = isSwitchedOn(name, policy);
  const ask = () => {
    setAsked(asked + 1);
    dialog.current?.showModal();
  };
  if (role !== "admin") {
    return <span class="muted">{isOn ? "On" : "Off"}</span>;
  }
  return (
    <>
      <Act class="sw" role="switch" aria-checked={isOn} aria-label={`${name} may trade`} onClick={ask} />
      <dialog ref={dialog} aria-label={`Switch ${name}`}>
        <Confirmation key={asked} name={name} isOn={isOn} held={held} close={() => dialog.current?.close()} />
      </dialog>
    </>
  );
}

export function isSwitchedOn(name: string, policy: StoredPolicy | undefined): boolean {
  const off = policy?.disabled_strategies ?? {};
  const until = timeOf(off[name]);
  return !(name in off) || (until !== null && until <= new Date());
}

interface ConfirmationProps {
  name: string;
  isOn: boolean;
  held: LivePosition[] | null;
  close: () => void;
}

function Confirmation({ name, isOn, held, close }: ConfirmationProps) {
  const { user } = useSession();
  const { isBusy, problem, attempt } = useAttempt();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const reason = String(form.get("reason") ?? "").trim();
    await attempt(async () => {
      const policy = await call<Policy>(user, "GET", "/v1/policy");
      await call<Policy>(user, "PUT", `/v1/policy${reason ? `?reason=${encodeURIComponent(reason)}` : ""}`, {
        body: switched(policy.overrides, name, isOn ? untilOf(form) : undefined),
        headers: { "If-Match": `"${policy.version}"`, "Idempotency-Key": crypto.randomUUID() },
      });
      close();
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <h2>
        Switch {isOn ? "off" : "on"} {name}?
      </h2>
      <p>
        {isOn
          ? `From the next redemption on it opens nothing. ${holding(held)}`
          : "From the next cycle on it trades as its record allows."}
      </p>
      {isOn && <Until without="until it is switched on again" />}
      <label>
        Reason (optional)
        <input name="reason" maxLength={500} autocomplete="off" />
      </label>
      <p class="muted">
        The policy gets a new version, with your name and the reason in its history. To undo, use the same switch.
      </p>
      <WhileOffline />
      <div role="alert" class="problem">
        {problem}
      </div>
      <div class="buttons">
        <Act type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Working …" : `Switch ${isOn ? "off" : "on"}`}
        </Act>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Return the settings with a strategy switched off until a time (null: for good), or on (undefined). */
export function switched(
  overrides: Record<string, unknown>,
  name: string,
  until: string | null | undefined,
): Record<string, unknown> {
  const settings = Object.fromEntries(Object.entries(overrides).filter(([field]) => !NOT_SETTINGS.test(field)));
  const { [name]: _, ...others } = (settings.disabled_strategies ?? {}) as Record<string, unknown>;
  return { ...settings, disabled_strategies: until === undefined ? others : { ...others, [name]: until } };
}

function holding(held: LivePosition[] | null): string {
  if (held === null) {
    return "What it holds is unknown; exits still pass.";
  }
  if (held.length === 0) {
    return "It holds nothing live.";
  }
  return `It holds ${held.map((one) => `${quantity(one.qty)} ${one.symbol}`).join(", ")} live: exits still pass.`;
}
