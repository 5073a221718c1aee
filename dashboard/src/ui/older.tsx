import type { Paged } from "../paged";

/** More of a list, where there is more. */
export function Older<T>({ pages, what }: { pages: Paged<T>; what: string }) {
  return (
    <>
      {pages.problem && (
        <p class="problem" role="alert">
          Older {what} could not be read: {pages.problem.message}
        </p>
      )}
      {pages.isMore && (
        <button type="button" onClick={pages.more} disabled={pages.isBusy}>
          {pages.isBusy ? "Reading …" : `Load older ${what}`}
        </button>
      )}
    </>
  );
}
