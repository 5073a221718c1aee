/** What a part of a page shows while there is nothing to show. */

import type { ComponentChildren } from "preact";
import type { Failure, Live } from "../live";

/** Show live data, or why it is not there. */
export function Loaded<T>({
  of,
  what,
  shape,
  children,
}: {
  of: Live<T>;
  what: string;
  /** What is shown in its place while it loads. */
  shape?: ComponentChildren;
  children: (value: T) => ComponentChildren;
}) {
  if (of.state === "loading") {
    return (
      <div class="loading" role="status">
        <span class={shape ? "vh" : ""}>Loading {what} …</span>
        {shape}
      </div>
    );
  }
  if (of.state === "error" && of.error.isMissing) {
    return <Empty>{of.error.message}.</Empty>;
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

/** The shape of what is to come; it shows after a moment, and never as figures. */
export function Shape({ lines }: { lines: number }) {
  return (
    <div class="shape card" aria-hidden="true">
      {Array.from({ length: lines }, (_, at) => (
        <i key={`line ${at + 1}`} />
      ))}
    </div>
  );
}
