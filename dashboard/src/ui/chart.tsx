/** Lines over trading days, with the strategy's mode as bands behind them. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { modeName } from "../format";
import type { Mode, StrategyCurves } from "../model";

export interface Line {
  name: string;
  /** A custom property of the style sheet. */
  color: string;
  values: (number | null)[];
}

export interface Threshold {
  name: string;
  value: number;
}

interface Props {
  what: string;
  curves: StrategyCurves;
  lines: Line[];
  thresholds?: Threshold[];
  format: (value: number) => string;
}

const HEIGHT = 220;
const STRIP = 4;
const INKS: Record<Mode, string> = {
  ACTIVE: "--good",
  REDUCED: "--warn",
  SHADOW_MODE: "--shadow",
  DISABLED: "--disabled",
};
const MODES = Object.keys(INKS) as Mode[];

export function Chart(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useColorScheme();
  // Colours are read when it is drawn, so it is drawn again for another scheme
  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const plot = new uPlot(optionsOf(props, element.clientWidth), dataOf(props), element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [props.curves, scheme]);
  return (
    <figure>
      <div ref={place} class="chart" role="img" aria-label={described(props)} />
    </figure>
  );
}

/** Label the day axis, with the year where it changes. */
function dates(_: uPlot, ticks: number[]): string[] {
  return ticks.map((tick, at) => {
    const date = new Date(tick * 1000);
    const before = ticks[at - 1];
    const isNewYear = before === undefined || new Date(before * 1000).getUTCFullYear() !== date.getUTCFullYear();
    const named = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
    return isNewYear ? `${named}\n${date.getUTCFullYear()}` : named;
  });
}

/** Say in words what the picture shows. */
function described({ what, curves: { days }, lines, thresholds = [], format }: Props): string {
  const told = lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    const [first, last] = [known[0], known.at(-1)];
    return first === undefined || last === undefined
      ? `${name}: no data`
      : `${name}: from ${format(first)} to ${format(last)}, lowest ${format(Math.min(...known))}, highest ${format(Math.max(...known))}`;
  });
  const limits = thresholds.map(({ name }) => name);
  return `${what}, ${days[0]} to ${days.at(-1)}. ${[...told, ...limits].join(". ")}.`;
}

function dataOf({ curves: { days }, lines, thresholds = [] }: Props): uPlot.AlignedData {
  const seconds = days.map((day) => Date.parse(day) / 1000);
  return [seconds, ...lines.map((line) => line.values), ...thresholds.map(({ value }) => days.map(() => value))];
}

function optionsOf({ curves, lines, thresholds = [], format }: Props, width: number): uPlot.Options {
  const shown = (_: uPlot, value: number | null) => (value === null ? "–" : format(value));
  const axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line") },
  };
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    axes: [
      { ...axis, values: dates },
      { ...axis, size: 72, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {
        label: "Day",
        value: (_, seconds) => (seconds === null ? "–" : new Date(seconds * 1000).toISOString().slice(0, 10)),
      },
      ...lines.map((line) => ({
        label: line.name,
        stroke: color(line.color),
        width: 2,
        value: shown,
        points: { show: false },
      })),
      ...thresholds.map(({ name }) => ({
        label: name,
        stroke: color("--muted"),
        width: 1,
        dash: [6, 4],
        class: "limit",
        value: () => "",
        points: { show: false },
      })),
    ],
    hooks: { drawClear: [(plot) => drawModes(plot, curves)] },
  };
}

/** Paint a band behind every run of days in one mode, up to the day on which the next one begins; its foot is in the
 * mode's own colour, which tells bands apart where their tints do not. */
function drawModes(plot: uPlot, { days, mode }: StrategyCurves): void {
  const { ctx, bbox } = plot;
  const leftOf = (at: number) => plot.valToPos(Date.parse(days[at] as string) / 1000, "x", true);
  ctx.save();
  for (let first = 0; first < days.length; ) {
    let end = first + 1;
    while (end < days.length && mode[end] === mode[first]) {
      end += 1;
    }
    const name = mode[first] as Mode | null | undefined;
    if (name) {
      const left = Math.max(bbox.left, leftOf(first));
      const right = Math.min(bbox.left + bbox.width, end < days.length ? leftOf(end) : Number.POSITIVE_INFINITY);
      const [width, strip] = [Math.max(0, right - left), STRIP * uPlot.pxRatio];
      ctx.fillStyle = color(bandOf(name));
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.fillStyle = color(INKS[name]);
      ctx.fillRect(left, bbox.top + bbox.height - strip, width, strip);
    }
    first = end;
  }
  ctx.restore();
}

export function ModeLegend() {
  return (
    <ul class="mode-legend" aria-label="Bands in the charts">
      {MODES.map((mode) => (
        <li key={mode}>
          <span class={`swatch band-${mode.toLowerCase()} m-${mode.toLowerCase()}`} /> {modeName(mode)}
        </li>
      ))}
    </ul>
  );
}

const bandOf = (mode: Mode): string => `--band-${mode.toLowerCase().replaceAll("_", "-")}`;

const color = (property: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(property).trim();

/** Follow the system's light or dark. */
function useColorScheme(): string {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setIsDark] = useState(dark.matches);
  useEffect(() => {
    const look = () => setIsDark(dark.matches);
    dark.addEventListener("change", look);
    return () => dark.removeEventListener("change", look);
  }, [dark]);
  return isDark ? "dark" : "light";
}
