// The `docs` claim of a token, as whoever makes a token and whoever reads it understand it: its shape and its bounds. Which
// documents a pattern matches is for the server alone.

import { maxDocumentNameBytes } from './document-name.js';
import type { DocumentGrant } from './permission.js';

/** Most entries in one `docs` claim. */
export const maxGrants = 200;
/** Longest pattern, characters: a name can be no longer. */
export const maxPatternLength = maxDocumentNameBytes;

/** A `docs` claim that was read, or what is wrong with it, in words that repeat nothing of it. */
export type GrantsResult =
  | { readonly ok: true; readonly grants: readonly DocumentGrant[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a `docs` claim: a list of `{pattern, access}` and nothing else. A member we do not know could be a restriction,
 * and to ignore it would grant more than was meant.
 */
export function readGrants(claim: unknown): GrantsResult {
  if (!Array.isArray(claim)) return { ok: false, problem: 'docs is not a list' };
  if (claim.length > maxGrants) return { ok: false, problem: `docs has more than ${maxGrants} entries` };
  const grants: DocumentGrant[] = [];
  for (const [index, entry] of claim.entries()) {
    const grant = readGrant(entry);
    if (typeof grant === 'string') return { ok: false, problem: `docs[${index}] ${grant}` };
    grants.push(grant);
  }
  return { ok: true, grants };
}

function readGrant(entry: unknown): DocumentGrant | string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'is not an object';
  const members = Object.keys(entry);
  if (members.length !== 2 || !Object.hasOwn(entry, 'pattern') || !Object.hasOwn(entry, 'access')) {
    return 'must have pattern and access and nothing else';
  }
  const { pattern: raw, access } = entry as { pattern: unknown; access: unknown };
  if (access !== 'read' && access !== 'comment' && access !== 'write')
    return 'has an access that is none of read, comment and write';
  if (typeof raw !== 'string' || raw === '') return 'has no pattern';
  if (raw.length > maxPatternLength) return `has a pattern longer than ${maxPatternLength} characters`;
  if (raw.includes('***')) return 'has a pattern with more than two * in a row';
  // Names are NFC; a pattern in another form would never match.
  return { pattern: raw.normalize('NFC'), access };
}
