/** Something that a person asked for: whether it is under way, and why the last one failed. */

import { useState } from "preact/hooks";

export interface Attempt {
  isBusy: boolean;
  problem: string;
  attempt: (work: () => Promise<void>) => Promise<void>;
}

export function useAttempt(): Attempt {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setIsBusy(true);
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setIsBusy(false);
    }
  };
  return { isBusy, problem, attempt };
}
