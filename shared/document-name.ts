// What may be the name of a document, and its one canonical form.

import { SyncError } from './errors.js';

declare const brand: unique symbol;

/** A name that passed {@link parseDocumentName}: canonical (NFC), safe in keys and logs. */
export type DocumentName = string & { readonly [brand]: 'DocumentName' };

/** Longest name, in UTF-8 bytes. */
export const maxDocumentNameBytes = 512;

// Control characters, line and paragraph separators, bidirectional overrides, noncharacters, lone surrogates: nothing a
// person means to type, and each a way to make two names look alike or to break a log line.
const forbidden =
  // oxlint-disable-next-line no-control-regex -- reason: control characters are what this refuses
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ufdd0-\ufdef]|\p{Surrogate}/u;

const encoder = new TextEncoder();

/**
 * Checks a name and returns its canonical form. Slashes are part of a name and have no meaning but to patterns; `.` and
 * `..` segments are refused because clients' URL parsers fold them. Throws SyncError NAME_INVALID.
 */
export function parseDocumentName(raw: string): DocumentName {
  // Normalizing takes time in the square of a long row of accents, and makes a name at most three times shorter.
  if (raw.length > 3 * maxDocumentNameBytes) throw tooLong();
  const name = raw.normalize('NFC');
  if (name === '') throw new SyncError('NAME_INVALID', 'a document name must not be empty');
  if (encoder.encode(name).length > maxDocumentNameBytes) throw tooLong();
  if (forbidden.test(name))
    throw new SyncError('NAME_INVALID', 'a document name holds a forbidden character');
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new SyncError('NAME_INVALID', 'a document name must not hold . or .. as a segment');
  }
  return name as DocumentName;
}

function tooLong(): SyncError {
  return new SyncError('NAME_INVALID', `a document name is at most ${maxDocumentNameBytes} bytes`);
}

/** What stands before the id of a subdocument. */
const subdocumentMark = '/~';

/** The name of a subdocument: a document of its own, under the rights of the one it hangs in. */
export function subdocumentName(parent: string, guid: string): string {
  return `${parent}${subdocumentMark}${encodeURIComponent(guid)}`;
}

/** The document whose rights count for this one: itself, or the one that it hangs in, however deep. */
export function documentOfRights(name: DocumentName): DocumentName {
  const end = name.indexOf(subdocumentMark);
  return (end > 0 ? name.slice(0, end) : name) as DocumentName;
}

/**
 * The name in the path of a y-websocket URL, without its first slash. Stock clients do not encode names: the browser's
 * URL parser escapes spaces and non-ASCII letters but leaves a bare `%` alone, so escapes are undone only where they are
 * whole and spell UTF-8, and anything else is taken literally.
 */
export function documentNameFromPath(path: string): DocumentName {
  return parseDocumentName(path.replace(/(?:%[0-9a-f]{2})+/gi, unescapeRun));
}

/** What an error says of a name that came in a path, cut so that it fits a close frame. */
export function pathTakenFor(name: DocumentName): string {
  const shown = name.length > 24 ? `${name.slice(0, 24)}…` : name;
  return `the path was taken for the document ${JSON.stringify(shown)} (see --base-path)`;
}

function unescapeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}
