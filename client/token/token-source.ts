// Where the token comes from.

import { ObservableV2 } from 'lib0/observable';

/** A token, or how to get one. */
export type Token = string | (() => string | Promise<string>);

export interface TokenSourceEvents {
  /** There is a new token. */
  renewed: (token: string) => void;
  /** A new one was wanted and could not be had. */
  failed: (error: Error) => void;
  /** Here or in another tab. */
  'logged-out': (options: { wipe: boolean }) => void;
}

export class TokenSource extends ObservableV2<TokenSourceEvents> {
  readonly #token: Token | undefined;

  constructor(deps: { token: Token | undefined }) {
    super();
    this.#token = deps.token;
  }

  /** The token to say hello with; '' for none. */
  async get(): Promise<string> {
    return typeof this.#token === 'function' ? this.#token() : (this.#token ?? '');
  }
}
