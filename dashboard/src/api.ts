/** The HTTPS API, on the page's own origin. */

import type { User } from "firebase/auth";
import { useEffect, useState } from "preact/hooks";
import type { Live } from "./live";

const TIMEOUT_MS = 60_000;

export interface FieldProblem {
  field: string;
  detail: string;
}

/** A refused request, as its problem document says it; status 0 when no answer came. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly reasonCode: string,
    detail: string,
    readonly errors: FieldProblem[] = [],
  ) {
    super(detail);
  }
}

export interface Options {
  body?: unknown;
  headers?: Record<string, string>;
}

/** Send one request; raises Refusal. */
export async function call<T>(user: User, method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { ...options.headers, Authorization: `Bearer ${await user.getIdToken()}` };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Refusal(0, "OFFLINE", `Maestro does not answer: check the connection, then try again (${error})`);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const detail = answer.detail ?? `the server answered ${response.status}`;
    throw new Refusal(response.status, answer.reason_code ?? "UNKNOWN", detail, answer.errors);
  }
  return answer;
}

/** Get a path, and again whenever `version` changes (undefined: not yet); what was there stays until the new answer is. */
export function useAnswer<T>(user: User, path: string, version: unknown): Live<T> {
  const [answer, setAnswer] = useState<{ path: string; live: Live<T> }>({ path, live: { state: "loading" } });
  const [attempt, setAttempt] = useState(0);
  // Asked again for a new version or attempt
  useEffect(() => {
    if (version === undefined) {
      return;
    }
    let isWanted = true;
    const show = (live: Live<T>) => isWanted && setAnswer({ path, live });
    call<T>(user, "GET", path).then(
      (value) => show({ state: "ready", value, isFromCache: false }),
      (error) => {
        const isForbidden = error instanceof Refusal && error.status === 403;
        const isMissing = error instanceof Refusal && error.reasonCode === "NOT_FOUND";
        const retry = () => {
          show({ state: "loading" });
          setAttempt((before) => before + 1);
        };
        show({ state: "error", error: { message: error.message, isForbidden, isMissing }, retry });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [user, path, version, attempt]);
  return answer.path === path ? answer.live : { state: "loading" };
}
