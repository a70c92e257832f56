// What the page's address says after the `#`: which notebook, and which note of it. The id of a notebook is the right to it,
// so it stands where browsers do not send it to servers or in referrers.

/** Where the page is. */
export interface NotesAddress {
  readonly notebook: string | undefined;
  readonly note: string | undefined;
  /** The note alone is to be read, and not the notebook opened. */
  readonly isReading: boolean;
  /** The reader whom the link makes of this device's; undefined: whoever it is. */
  readonly reader: string | undefined;
}

/** Reads the part of a URL from its `#` on; what is no address is none. */
export function parseAddress(hash: string): NotesAddress {
  const [, notebook, note, read, reader] =
    /^#([a-z0-9]{16,64})(?:\/([a-z0-9]{8,64})(\/read)?)?(?:~([a-f0-9]{16}))?$/.exec(hash) ?? [];
  return { notebook, note, isReading: read !== undefined, reader };
}

/** The same the other way round. */
export function addressOf(notebook: string, note?: string): string {
  return note === undefined ? `#${notebook}` : `#${notebook}/${note}`;
}

/** The link by which another device opens a notebook. */
export function notebookLink(notebook: string): string {
  return new URL(addressOf(notebook), window.location.href).href;
}

/** The link by which another device opens a notebook for the same reader. */
export function sameReaderLink(notebook: string, reader: string): string {
  return `${notebookLink(notebook)}~${reader}`;
}

/** The link by which somebody else reads one note. */
export function readLink(notebook: string, note: string): string {
  return new URL(`${addressOf(notebook, note)}/read`, window.location.href).href;
}
