// What the options say of presence: what is shown of a user, and to whom.

import { isAdmin, type Claims } from '../shared/permission.js';
import type { ServerOptions } from './options.js';
import type { Stamp } from './room/stamped-state.js';
import { shownClaims } from './roster/shown-claims.js';

/** The claims that the others are shown. */
export function userClaimsOf({ userClaims = ['name'] }: ServerOptions): readonly string[] {
  return userClaims;
}

/** What `user` is in the awareness of somebody with these claims (P11); undefined where clients say that themselves. */
export function stampOf(options: ServerOptions): ((claims: Claims) => Stamp) | undefined {
  if (options.stampUser !== true) return undefined;
  const shown = userClaimsOf(options);
  return (claims) => ({
    ...shownClaims(claims, shown),
    ...(claims.sub === undefined ? {} : { id: claims.sub }),
  });
}

/** Whether somebody with these claims may see who is in a document (P15). */
export function rosterRight({ rosterVisible, auth }: ServerOptions): (claims: Claims) => boolean {
  const adminClaim = typeof auth === 'object' ? auth.adminClaim : undefined;
  if (rosterVisible === 'admins') return (claims) => adminClaim !== undefined && isAdmin(claims, adminClaim);
  return () => rosterVisible === 'everybody';
}
