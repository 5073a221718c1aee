/** Whether anyone looks: a page that is hidden for five minutes listens and asks no more until it is shown again. */

import { useEffect, useState } from "preact/hooks";

const HIDDEN_MS = 5 * 60_000;

export function useWatched(): boolean {
  const [isWatched, setIsWatched] = useState(true);
  useEffect(() => {
    let timer = 0;
    const look = () => {
      window.clearTimeout(timer);
      if (document.visibilityState === "hidden") {
        timer = window.setTimeout(() => setIsWatched(false), HIDDEN_MS);
      } else {
        setIsWatched(true);
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return isWatched;
}
