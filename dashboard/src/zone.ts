/** The tenant's time zone: every time on every page is in it. */

/** The policy's default. */
const DEFAULT = "America/New_York";

let zone = DEFAULT;
const made = new Map<string, Intl.DateTimeFormat>();

/** Keep a tenant's zone; one that the browser does not know leaves the default. */
export function setZone(name: string | undefined): void {
  zone = name !== undefined && isKnown(name) ? name : DEFAULT;
}

export const currentZone = (): string => zone;

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Return a formatter of the tenant's zone, made once. */
export function inZone(options: Intl.DateTimeFormatOptions, locale = "en-GB"): Intl.DateTimeFormat {
  const key = `${zone} ${locale} ${JSON.stringify(options)}`;
  const known = made.get(key);
  if (known !== undefined) {
    return known;
  }
  const fresh = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  made.set(key, fresh);
  return fresh;
}

/** Return the zone's short name at a time: by its letters where English has some, such as EST or CET. */
export function zoneName(at: Date): string {
  const names = ["en-US", "en-GB"].map((locale) => {
    const parts = inZone({ timeZoneName: "short" }, locale).formatToParts(at);
    return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
  });
  return names.find((name) => !/^GMT[+-]/.test(name)) ?? names[0] ?? zone;
}

/** Return whose time the zone's is, for times to come in summer or winter, such as "New York time". */
export function zoneTime(): string {
  const place = zone.slice(zone.lastIndexOf("/") + 1).replaceAll("_", " ");
  return /^[A-Z]{3}$/.test(place) ? place : `${place} time`;
}

/** Return a time as an input of type datetime-local has it, in the zone. */
export function wallTime(at: Date): string {
  const parts = inZone(
    { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    "en-CA",
  ).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/**
 * Return the time that the zone's clocks show as `YYYY-MM-DDTHH:MM`, or at the start of `YYYY-MM-DD`; null if it is not a time.
 *
 * Of a time that clocks show twice, the first; of one that they skip, as far after the skip.
 */
export function instantOf(wall: string): Date | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}))?$/.exec(wall);
  const naive = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? "00:00"}:00Z`);
  if (Number.isNaN(naive)) {
    return null;
  }
  const offset = (at: number) => Date.parse(`${wallTime(new Date(at))}:00Z`) - Math.floor(at / 60_000) * 60_000;
  const guesses = [naive - offset(naive - 86_400_000), naive - offset(naive + 86_400_000)];
  const exact = guesses.filter((guess) => guess + offset(guess) === naive);
  return new Date(exact.length > 0 ? Math.min(...exact) : Math.max(...guesses));
}

/** Return the day before or after a `YYYY-MM-DD`. */
export function dayBeside(day: string, by: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);
}
