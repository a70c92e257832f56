// `auth: 'none'`: for development. No token is read.

import type { Claims } from '../../shared/permission.js';
import type { Authenticator, AuthorizeHook } from './authenticator.js';
import { askHook } from './authorize-hook.js';

const nobody: Claims = Object.freeze({ payload: Object.freeze({}) });

/** Everyone is let in and may write, unless a hook says otherwise. */
export function createOpenAuthenticator(authorize?: AuthorizeHook): Authenticator {
  return {
    authenticate: () => Promise.resolve(nobody),
    authorize: (claims, document) =>
      authorize === undefined ? 'write' : askHook(authorize, claims, document),
  };
}
