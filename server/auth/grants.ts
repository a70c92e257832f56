// Which documents the grants of a token open. Pure; no backtracking, so that no pattern can cost more than its length times
// the name's.

import { accesses, type Access, type DocumentGrant } from '../../shared/permission.js';

/** The strongest access that any of the grants gives to a document. */
export function accessByGrants(grants: readonly DocumentGrant[], documentName: string): Access {
  let access: Access = 'none';
  for (const { grant, matches } of compiled(grants)) {
    if (accesses.indexOf(grant.access) <= accesses.indexOf(access) || !matches(documentName)) continue;
    if (grant.access === 'write') return 'write';
    access = grant.access;
  }
  return access;
}

interface CompiledGrant {
  readonly grant: DocumentGrant;
  readonly matches: (documentName: string) => boolean;
}

// Lives as long as the claims it was made from, so it needs no bound of its own.
const compiledGrants = new WeakMap<readonly DocumentGrant[], readonly CompiledGrant[]>();

function compiled(grants: readonly DocumentGrant[]): readonly CompiledGrant[] {
  let found = compiledGrants.get(grants);
  if (found === undefined) {
    found = grants.map((grant) => ({ grant, matches: compilePattern(grant.pattern) }));
    compiledGrants.set(grants, found);
  }
  return found;
}

/** A piece of a pattern: text as it stands, or a wildcard. */
type Piece = string | typeof star | typeof segments | typeof anything;
/** `*`: any run of characters without a slash, also none. */
const star = Symbol('*');
/** `**` and its slash at the start or after a slash: any number of whole segments, also none. */
const segments = Symbol('**/');
/** `**` elsewhere: any run of characters, also none. */
const anything = Symbol('**');

/** A matcher for one pattern, anchored at both ends; case matters. */
export function compilePattern(pattern: string): (documentName: string) => boolean {
  const pieces = split(pattern);
  const [first, second] = pieces;
  if (typeof first === 'string' && pieces.length === 1) return (name) => name === first;
  if (first === anything && pieces.length === 1) return () => true;
  if (typeof first === 'string' && second === anything && pieces.length === 2) {
    return (name) => name.startsWith(first);
  }
  return (name) => matchPieces(pieces, name);
}

function split(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const wildcard of pattern.matchAll(/\*\*?/g)) {
    const { index } = wildcard;
    if (index > at) pieces.push(pattern.slice(at, index));
    at = index + wildcard[0].length;
    const isWholeSegment = (index === 0 || pattern[index - 1] === '/') && pattern[at] === '/';
    if (wildcard[0] === '*') pieces.push(star);
    else if (isWholeSegment) {
      pieces.push(segments);
      at += 1;
    } else pieces.push(anything);
  }
  if (at < pattern.length) pieces.push(pattern.slice(at));
  return pieces;
}

/** Piece by piece: which places of the name can be reached? No way is tried twice. */
function matchPieces(pieces: readonly Piece[], name: string): boolean {
  let reached = new Uint8Array(name.length + 1);
  reached[0] = 1;
  for (const piece of pieces) reached = advance(reached, piece, name);
  return reached[name.length] === 1;
}

function advance(reached: Uint8Array, piece: Piece, name: string): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(name.length + 1);
  if (typeof piece === 'string') {
    for (let at = 0; at + piece.length <= name.length; at += 1) {
      if (reached[at] === 1 && name.startsWith(piece, at)) next[at + piece.length] = 1;
    }
    return next;
  }
  let isOpen = false;
  for (let at = 0; at <= name.length; at += 1) {
    const afterSlash = name[at - 1] === '/';
    if (piece === star && afterSlash) isOpen = false;
    isOpen ||= reached[at] === 1;
    if (isOpen && (piece !== segments || afterSlash || reached[at] === 1)) next[at] = 1;
  }
  return next;
}
