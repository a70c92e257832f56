// What a signed token looks like from outside. Knows nothing of keys or claims.

import { maxTokenBytes } from '../../shared/permission.js';

const tokenShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

// Base64url of a JSON object: `{` makes the first character an `e` and narrows the second. Tells a token from a dotted
// subprotocol name such as `chat.v1.json`.
const objectShape = /^e[w-z0-9_-][\w-]{8,}\./;

// The lookbehind lets a match start only at the beginning of a run, which keeps the search linear.
const tokensInText = /(?<![\w-])e[w-z0-9_-][\w-]{8,}\.[\w-]+(?:\.[\w-]*)*/g;

/** Three base64url parts between two dots. Says nothing about what is in them. */
export function hasTokenShape(text: string): boolean {
  return text.length <= maxTokenBytes && tokenShape.test(text);
}

/** Of token shape, and the first part can be a JSON object: sure enough to pick it out of other names. */
export function looksLikeToken(text: string): boolean {
  return hasTokenShape(text) && objectShape.test(text);
}

/** The id of the key that a token names, whether or not it is to be believed; undefined where it names none. */
export function keyIdOf(token: string): string | undefined {
  if (!hasTokenShape(token)) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    const kid = typeof header === 'object' && header !== null && 'kid' in header ? header.kid : undefined;
    return typeof kid === 'string' ? withoutTokens(kid) : undefined;
  } catch {
    return undefined;
  }
}

/** The text without anything that looks like a token, whole or cut off. */
export function withoutTokens(text: string): string {
  return text.replace(tokensInText, '[redacted]');
}
