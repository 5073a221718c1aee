import { afterEach, expect, it } from "vitest";
import { untilOf } from "./ui/until";
import { setZone } from "./zone";

afterEach(() => setZone(undefined));

function formWith(until: string): FormData {
  const form = new FormData();
  form.set("until", until);
  return form;
}

it("is on the tenant's clocks, wherever the browser is", () => {
  setZone("Asia/Tokyo");
  expect(untilOf(formWith("2030-01-15T09:30"))).toBe("2030-01-15T00:30:00.000Z");
});
it("is null where nothing is entered", () => {
  expect([untilOf(new FormData()), untilOf(formWith(""))]).toEqual([null, null]);
});
