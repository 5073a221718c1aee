/** What an open page costs: counted where documents come in, so that a test, and anyone with the browser's tools, can add it up. */

export const MARK = "firestore-read";

/** Leave a mark for documents that Firestore charges, or fewer: two listeners to one document are charged once. */
export function charge(documents: number): void {
  if (documents > 0) {
    performance.mark(MARK, { detail: documents });
  }
}
