/** How sure a Sharpe ratio is. */

/** Standard errors on either side of a ratio that hold nine tenths of a normal distribution. */
const OF_90_PERCENT = 1.6449;

export interface Interval {
  low: number;
  high: number;
}

/** Return the 90 % interval of a ratio; null where it is unknown. */
export function intervalOf(ratio: number | null, error: number | null | undefined): Interval | null {
  if (ratio === null || Number.isNaN(ratio) || error == null) {
    return null;
  }
  return { low: ratio - OF_90_PERCENT * error, high: ratio + OF_90_PERCENT * error };
}

/** Return the one axis that all intervals are drawn on: what they and the thresholds span, ±1 at least. */
export function axisOf(intervals: (Interval | null)[], thresholds: number[]): Interval {
  const known = intervals.filter((one) => one !== null);
  return {
    low: Math.min(-1, ...thresholds, ...known.map((one) => one.low)),
    high: Math.max(1, ...thresholds, ...known.map((one) => one.high)),
  };
}
