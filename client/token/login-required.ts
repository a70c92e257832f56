// What an application says when it has no token to give because nobody is logged in.

import { SyncError } from '../../shared/errors.js';

/**
 * To be thrown by a token function: nobody is logged in, and asking again is of no use until somebody is. The status says
 * `login-required` then; `connect()`, `renewToken()` or a token in storage goes on.
 */
export class LoginRequired extends SyncError {
  constructor(message = 'nobody is logged in', options?: ErrorOptions) {
    super('TOKEN_MISSING', message, options);
  }
}
