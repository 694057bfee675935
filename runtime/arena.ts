/** Keeps bytes outside of the heap, so that the collection of garbage need not move them; over a limit the oldest go. */
export interface Arena {
  /** Copies two in, side by side, and says where in `place`; nowhere where they are larger than the limit. */
  add(place: Place, first: Uint8Array, second: Uint8Array): void;
  /** Copies of the two; undefined where they had to go, or are nowhere. */
  read(place: Place): readonly [first: Uint8Array, second: Uint8Array] | undefined;
  /** They are not wanted any more; said once. */
  free(place: Place): void;
}

/** Where two byte strings are kept: from `start` to `middle`, and from there to `end`. */
export interface Place {
  /** Undefined where nothing has been added. */
  page: Page | undefined;
  start: number;
  middle: number;
  end: number;
}

interface Page {
  /** Undefined when it has gone. */
  bytes: Buffer | undefined;
  used: number;
  /** How many places on it are still wanted. */
  places: number;
}

/** Pages go as a whole. A buffer for each message would cost more than the message. */
const PAGE_BYTES = 65_536;

/** Makes an empty one. Its pages together have `maxBytes` at most. */
export function createArena(maxBytes: number): Arena {
  const usual = Math.min(PAGE_BYTES, Math.ceil(maxBytes / 8));
  /** The oldest first. */
  const pages = new Set<Page>();
  let size = 0;
  let current: Page | undefined;
  /** Of the last page that has gone: when the arena is full, one goes for each that is made. */
  let spare: Buffer | undefined;

  const dispose = (page: Page): void => {
    if (page.bytes === undefined) return;
    size -= page.bytes.length;
    if (page.bytes.length === usual) spare = page.bytes;
    page.bytes = undefined;
    pages.delete(page);
  };

  const createPage = (length: number): Page => {
    for (const page of pages) {
      if (size + length <= maxBytes) break;
      dispose(page);
    }
    const page: Page = { bytes: undefined, used: 0, places: 0 };
    if (length === usual) [page.bytes, spare] = [spare, undefined];
    page.bytes ??= Buffer.allocUnsafeSlow(length);
    size += length;
    pages.add(page);
    return page;
  };

  return {
    add(place, first, second) {
      const length = first.length + second.length;
      if (length > maxBytes) return;
      if (current?.bytes === undefined || current.used + length > current.bytes.length) {
        current = createPage(Math.max(length, usual));
      }
      place.page = current;
      place.start = current.used;
      place.middle = place.start + first.length;
      place.end = current.used += length;
      current.bytes?.set(first, place.start);
      current.bytes?.set(second, place.middle);
      current.places++;
    },

    read({ page, start, middle, end }) {
      const bytes = page?.bytes;
      return bytes && [Buffer.from(bytes.subarray(start, middle)), Buffer.from(bytes.subarray(middle, end))];
    },

    free({ page }) {
      if (page === undefined || --page.places > 0) return;
      if (page === current) page.used = 0;
      else dispose(page);
    },
  };
}
