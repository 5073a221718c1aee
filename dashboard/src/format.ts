/** Figures and times as people read them. */

import type { Timestamp } from "firebase/firestore";
import type { Mode } from "./model";
import { inZone, zoneName } from "./zone";

const USD = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const GAIN = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});
const WHOLE_GAIN = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0, signDisplay: "exceptZero" });
const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** Days of the calendar, YYYY-MM-DD, are of no zone. */
const dateOf = (options: Intl.DateTimeFormatOptions, at: Date | string): string =>
  typeof at === "string"
    ? new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(new Date(`${at.slice(0, 10)}T12:00:00Z`))
    : inZone(options).format(at);
const SHORT_DAY = { day: "numeric", month: "short" } as const;
const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;
const PRICE = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 4 });
const QUANTITY = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });
const DAY = { day: "2-digit", month: "short", year: "numeric" } as const;
const NONE = "–";
/** Break a date and its time between the two at most. */
const kept = (text: string): string => text.replaceAll(/(?<!,) /g, "\u00a0");

type Maybe<T> = T | null | undefined;

/** A figure that is not known yet is null in the API's answers and NaN in Firestore. */
const isKnown = (value: Maybe<number>): value is number => value != null && !Number.isNaN(value);

/** In whole USD, with the unit; what the broker did not say is unknown, and never 0. */
export const usd = (value: Maybe<number | string>): string =>
  value == null || value === "" || !isKnown(Number(value)) ? "n/a" : `${signed(USD.format(Number(value)))}\u00a0USD`;
/** A profit or loss in whole USD with its sign; the unit is in the heading. */
export const gainWhole = (value: Maybe<number>): string => (isKnown(value) ? signed(WHOLE_GAIN.format(value)) : "n/a");
/** To the cent, with its sign. */
export const gainCents = (value: Maybe<number>): string => (isKnown(value) ? signed(GAIN.format(value)) : "n/a");
export const cents = (value: Maybe<number>): string => (isKnown(value) ? signed(CENTS.format(value)) : "n/a");
export const whole = (value: Maybe<number>): string => (isKnown(value) ? signed(USD.format(value)) : "n/a");
/** A share of something in percent, without the sign. */
export const points = (value: Maybe<number>, digits = 1): string =>
  isKnown(value) ? signed((100 * value).toFixed(digits)) : "n/a";
/** A share of something; unknown is n/a. */
export const percent = (value: Maybe<number>, digits = 1): string =>
  isKnown(value) ? `${points(value, digits)}\u00a0%` : "n/a";
/** A gain as a share, with its sign. */
export const gainShare = (value: Maybe<number>): string =>
  isKnown(value) ? `${value > 0 ? "+" : ""}${signed((100 * value).toFixed(2))}\u00a0%` : "n/a";
export const correlation = (value: Maybe<number>): string =>
  isKnown(value) ? `${value > 0 ? "+" : ""}${signed(value.toFixed(2))}` : "n/a";
export const shortDay = (at: Maybe<Date | string>): string => (at == null ? NONE : dateOf(SHORT_DAY, at));
export const clock = (at: Maybe<Date>): string => (at == null ? NONE : inZone(CLOCK).format(at));
/** The time of day of what happened today, the date of what did not. */
export const when = (at: Date, now: Date): string => (day(at) === day(now) ? clock(at) : shortDay(at));
/** The same with the zone, where a time of another day needs the whole of it. */
export const brief = (at: Date, now: Date): string =>
  day(at) === day(now) ? kept(`${clock(at)} ${zoneName(at)}`) : moment(at);
export const price = (value: number): string => PRICE.format(value);
/** An average price follows no exchange's tick size: further decimals only matter below 10 USD. */
export const averagePrice = (value: number): string => (Math.abs(value) < 10 ? price(value) : CENTS.format(value));
export const quantity = (value: number): string => signed(QUANTITY.format(value));
export const ratio = (value: Maybe<number>): string => (isKnown(value) ? signed(value.toFixed(2)) : "n/a");

export const day = (at: Maybe<Date | string>): string => (at == null ? NONE : kept(dateOf(DAY, at)));
export const moment = (at: Maybe<Date>): string =>
  at == null ? NONE : kept(`${inZone({ ...DAY, ...CLOCK }).format(at)} ${zoneName(at)}`);
/** The same time in UTC, shown on hover. */
export const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
export const month = (at: Date): string => at.toISOString().slice(0, 7);

/** Return a timestamp's time; a field that a user's own writer left malformed has none. */
export function timeOf(value: Maybe<Timestamp | string>): Date | null {
  if (value == null) {
    return null;
  }
  const date = typeof value === "string" ? new Date(value) : value.toDate?.();
  return date === undefined || Number.isNaN(date.getTime()) ? null : date;
}

/** Return how long ago something was, in the largest unit that fits. */
export function age(at: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  const units: [number, string][] = [
    [365 * 86_400, "year"],
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  for (const [length, unit] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) {
      return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
  }
  return `${seconds} s ago`;
}

/** Return a length of time in the largest unit that fits. */
export function spanOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [length, unit] = [
    [86_400, seconds < 2 * 86_400 ? "day" : "days"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ].find(([one]) => seconds >= Number(one)) ?? [1, "s"];
  return `${Math.floor(seconds / Number(length))} ${unit}`;
}

/** Return a code such as SHADOW_MODE in words. */
export function words(code: string): string {
  const text = code.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const MODES: Record<Mode, string> = {
  ACTIVE: "Active",
  REDUCED: "Reduced",
  SHADOW_MODE: "Shadow",
  DISABLED: "Disabled",
};
export const modeName = (mode: Mode): string => MODES[mode];

/** Return an alert's title without the sign that notifications begin with: pages have icons, or say its severity. */
export const titleOf = (title: string): string => title.replace(/^\p{Extended_Pictographic}\uFE0F?\s*/u, "");

/** A typographic minus sign is as wide as a digit, and read as one; what rounds to nothing has none. */
const signed = (text: string): string => text.replace(/^-(?=0(\.0+)?$)/, "").replace("-", "\u2212");
