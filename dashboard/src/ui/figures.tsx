/** Figures with their sign and colour; teal is up, orange is down, and a sign says so too. */

import { gainCents, gainShare, gainWhole, modeName } from "../format";
import type { Mode } from "../model";

const classOf = (value: number | null): string =>
  value === null || value === 0 ? (value === null ? "muted" : "") : value > 0 ? "up" : "down";

export function Gain({ usd, cents = false }: { usd: number | null; cents?: boolean }) {
  return <span class={classOf(usd)}>{cents ? gainCents(usd) : gainWhole(usd)}</span>;
}

export function GainShare({ share }: { share: number | null }) {
  return <span class={classOf(share)}>{gainShare(share)}</span>;
}

/** A mode by shape, colour and name: full, half, dashed, crossed. */
export function ModeMark({ mode, bare = false }: { mode: Mode; bare?: boolean }) {
  return (
    <span class={`mode m-${mode.toLowerCase()}`}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <ModeShape mode={mode} />
      </svg>
      {bare ? <span class="vh">{modeName(mode)}</span> : modeName(mode)}
    </span>
  );
}

function ModeShape({ mode }: { mode: Mode }) {
  const ring = { cx: 6, cy: 6, r: 5, fill: "none", stroke: "currentColor", "stroke-width": 1.4 };
  switch (mode) {
    case "ACTIVE":
      return <circle cx="6" cy="6" r="5.5" fill="currentColor" />;
    case "REDUCED":
      return (
        <>
          <circle {...ring} />
          <path d="M6 1a5 5 0 0 0 0 10z" fill="currentColor" />
        </>
      );
    case "SHADOW_MODE":
      return <circle {...ring} stroke-dasharray="2.2 1.9" />;
    case "DISABLED":
      return (
        <>
          <circle {...ring} />
          <path d="M2.6 9.4l6.8-6.8" stroke="currentColor" stroke-width="1.4" />
        </>
      );
  }
}

/** A bar that is full at 1; what it says is next to it in words. */
export function Meter({
  name,
  share,
  children,
}: {
  name: string;
  share: number | null;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="meter">
      <span class="muted">{name}</span>
      <span class="nw">{children}</span>
      <div class="bar" aria-hidden="true">
        {share !== null && <i style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }} />}
      </div>
    </div>
  );
}
