/** Round figures for an axis. */

const TICKS = 4;

/** Return an axis of round figures that holds the values and 0. */
export function scaleOf(values: number[]): { low: number; high: number; ticks: number[] } {
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const rough = Math.max(1, (most - least) / TICKS);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(most / step) * step];
  const count = Math.max(1, Math.round((high - low) / step));
  return { low, high: low + count * step, ticks: Array.from({ length: count + 1 }, (_, at) => low + at * step) };
}
