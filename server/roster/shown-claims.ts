// The claims of a token that others may see: a name, a colour, the address of a picture.

import type { Claims } from '../../shared/permission.js';

export type ShownClaims = Readonly<Record<string, string | number | boolean>>;

/** Characters of a text; a longer one is left out. */
const maxTextLength = 1_024;

/** Of the claims with these names, those whose value is a text, a number or a boolean. */
export function shownClaims({ payload }: Claims, names: readonly string[]): ShownClaims {
  const shown = names.flatMap((name) => {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
    return isShort(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(shown);
}

function isShort(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return value.length <= maxTextLength;
  return typeof value === 'number' || typeof value === 'boolean';
}
