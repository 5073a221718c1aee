/** Until when something holds, on the clocks of the tenant's zone. */

import { instantOf, zoneTime } from "../zone";

const NAME = "until";

export function Until({ without }: { without?: string }) {
  return (
    <label>
      Until (optional; {zoneTime()}
      {without && `; empty: ${without}`})
      <input name={NAME} type="datetime-local" />
    </label>
  );
}

/** Return what a form's `Until` says, as the API takes it; null where it is empty or not there. */
export function untilOf(form: FormData): string | null {
  return instantOf(String(form.get(NAME) ?? ""))?.toISOString() ?? null;
}
