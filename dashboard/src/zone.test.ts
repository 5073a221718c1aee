import { afterEach, describe, expect, it } from "vitest";
import { clock, moment, utc, when } from "./format";
import { currentZone, dayBeside, instantOf, setZone, wallTime, zoneName, zoneTime } from "./zone";

afterEach(() => setZone(undefined));
const noon = new Date("2026-11-29T17:05:00Z");

describe("the tenant's zone", () => {
  it("is New York's until the policy says another", () => {
    expect(currentZone()).toBe("America/New_York");
    expect(clock(noon)).toBe("12:05");
    setZone("Asia/Tokyo");
    expect(clock(noon)).toBe("02:05");
    expect(moment(noon)).toBe("30\u00a0Nov\u00a02026, 02:05\u00a0GMT+9"); // a line may end after the date at most
  });
  it("stays the default where the browser knows no such zone", () => {
    setZone("Mars/Olympus");
    expect(currentZone()).toBe("America/New_York");
  });
  it.each([
    ["America/New_York", "EST"],
    ["Europe/Berlin", "CET"],
    ["Etc/UTC", "UTC"],
    ["Asia/Tokyo", "GMT+9"],
  ])("names %s as %s", (zone, name) => {
    setZone(zone);
    expect(zoneName(noon)).toBe(name);
  });
  it.each([
    ["America/New_York", "New York time"],
    ["America/Argentina/Buenos_Aires", "Buenos Aires time"],
    ["Etc/UTC", "UTC"],
    ["UTC", "UTC"],
  ])("names the clocks of %s in any season: %s", (zone, name) => {
    setZone(zone);
    expect(zoneTime()).toBe(name);
  });
  it("says UTC beside it", () => {
    expect(utc(noon)).toBe("2026-11-29 17:05:00 UTC");
  });
  it("decides what today is", () => {
    setZone("Asia/Tokyo");
    expect(when(noon, new Date("2026-11-30T01:00:00Z"))).toBe("02:05");
    expect(when(noon, new Date("2026-11-30T16:00:00Z"))).toBe("30 Nov");
  });
});

describe("a time on the zone's clocks", () => {
  it.each([
    ["2026-11-29T12:05", "2026-11-29T17:05:00.000Z"],
    ["2026-07-01", "2026-07-01T04:00:00.000Z"],
    ["2026-11-01T01:30", "2026-11-01T05:30:00.000Z"], // twice: the first
    ["2026-03-08T02:30", "2026-03-08T07:30:00.000Z"], // skipped
  ])("%s is %s", (wall, instant) => {
    expect(instantOf(wall)?.toISOString()).toBe(instant);
  });
  it("comes back as it was entered", () => {
    for (const zone of ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Etc/UTC"]) {
      setZone(zone);
      expect(wallTime(instantOf("2026-06-15T09:30") as Date)).toBe("2026-06-15T09:30");
    }
  });
  it.each(["", "yesterday", "2026-13-01", "2026-11-29T99:00"])("%j is none", (text) => {
    expect(instantOf(text)).toBeNull();
  });
  it("knows the days beside a day", () => {
    expect([dayBeside("2026-03-01", -1), dayBeside("2026-12-31", 1)]).toEqual(["2026-02-28", "2027-01-01"]);
  });
});
