/** The button of whatever changes something: without a connection it does nothing, and says why. */

import type { ComponentProps } from "preact";
import { useIsOnline } from "../online";

/** Of the bar that every page shows while it is offline; it is the reason that a screen reader hears. */
export const OFFLINE_ID = "offline";
const WHY = "Offline: nothing can be changed from here until the connection is back.";

/** It stays focusable offline, so that its reason can be heard. */
export function Act({ onClick, type = "button", ...others }: ComponentProps<"button">) {
  const isOnline = useIsOnline();
  if (isOnline) {
    return <button type={type} onClick={onClick} {...others} />;
  }
  return (
    <button
      type={type}
      {...others}
      aria-disabled="true"
      aria-describedby={OFFLINE_ID}
      title={WHY}
      onClick={(event) => event.preventDefault()} // Enter in a form clicks its submit button, too
    />
  );
}

/** The same where the bar is out of sight, as in a dialog. */
export function WhileOffline({ instead }: { instead?: string }) {
  const isOnline = useIsOnline();
  return (
    <div role="status" class={isOnline ? "" : "warning"}>
      {!isOnline && `${WHY}${instead === undefined ? "" : ` ${instead}`}`}
    </div>
  );
}
