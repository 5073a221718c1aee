/** What a part of a page shows while there is nothing to show. */

import type { ComponentChildren } from "preact";
import type { Failure, Live } from "../live";

/** Show live data, or why it is not there. */
export function Loaded<T>({
  of,
  what,
  children,
}: {
  of: Live<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}) {
  if (of.state === "loading") {
    return (
      <p class="loading" role="status">
        Loading {what} …
      </p>
    );
  }
  if (of.state === "error") {
    return <Trouble error={of.error} retry={of.retry} />;
  }
  return <>{children(of.value)}</>;
}

export function Trouble({ error, retry }: { error: Failure; retry: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>{error.isForbidden ? "Your role may not see this." : "This could not be loaded."}</strong>{" "}
        {!error.isForbidden && error.message}
      </p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
