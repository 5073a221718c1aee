import { describe, expect, it } from "vitest";
import { merged } from "./paged";

const entries = (...times: number[]) => times.map((time) => ({ id: `at ${time}`, value: time }));
const times = (known: number[], fresh: number[], size = 3) =>
  merged(entries(...known), entries(...fresh), size, (value) => value).map((one) => one.value);

describe("the newest page over what is known", () => {
  it("is all there is at first", () => {
    expect(times([], [9, 8, 7])).toEqual([9, 8, 7]);
  });
  it("grows at the top, and keeps what left its window", () => {
    expect(times([9, 8, 7, 6, 5], [10, 9, 8])).toEqual([10, 9, 8, 7, 6, 5]);
  });
  it("lets go of what is no longer among it", () => {
    expect(times([9, 8, 7, 6, 5], [9, 7, 6])).toEqual([9, 7, 6, 5]);
  });
  it("is all there is where it is not full", () => {
    expect(times([9, 8, 7, 6], [9, 8])).toEqual([9, 8]);
    expect(times([9], [])).toEqual([]);
  });
  it("hides no gap after a long silence", () => {
    expect(times([9, 8, 7, 6], [20, 19, 18])).toEqual([20, 19, 18]);
  });
});
