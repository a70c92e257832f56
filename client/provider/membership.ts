// Whether a document whose token comes from a function of its own may use a connection that others have opened: only where
// that function gives a token for the same user. The function is asked before the document is.

import { systemClock } from '../../shared/clock.js';
import { areOfOneUser } from '../token/claims.js';
import { tokenFrom, TokenRequest } from '../token/token-request.js';
import type { TokenFunction } from '../token/token-source.js';
import type { HeddleConnection } from './heddle-connection.js';

/**
 * asking: the function has been asked. told: it has given a token, and whom the connection is for is not known yet. silent: it
 * has given none; it is asked again when the connection is open. in: the document may be opened on the connection. out: it
 * has to go to another one, or has gone.
 */
export type MembershipState = 'asking' | 'told' | 'silent' | 'in' | 'out';

/**
 * gave: the function has given a token. failed: it has not, and the connection has none either. same, another: whom the
 * connection is for. retried: the function is asked again. left: the document goes.
 */
export type MembershipEvent = 'gave' | 'failed' | 'same' | 'another' | 'retried' | 'left';

/** What is not in the table changes nothing. */
export const membershipTransitions: Readonly<
  Record<MembershipState, Partial<Record<MembershipEvent, MembershipState>>>
> = {
  asking: { gave: 'told', failed: 'silent', another: 'out', left: 'out' },
  told: { same: 'in', another: 'out', left: 'out' },
  silent: { retried: 'asking', another: 'out', left: 'out' },
  in: { retried: 'asking', left: 'out' },
  out: {},
};

export interface MembershipDeps {
  readonly connection: HeddleConnection;
  /** Absent: nobody has to be asked. */
  readonly token: TokenFunction | undefined;
  /** The document may be opened now, or may not any more. */
  readonly changed: (isIn: boolean) => void;
  /** The document has to go to another connection: one for the user of this token, where there is one. */
  readonly apart: (token: string | undefined) => void;
}

export class Membership {
  readonly #deps: MembershipDeps;
  #state: MembershipState = 'in';
  #request: TokenRequest | undefined;
  /** Somebody needs to know what the request brings. */
  #isAwaited = false;
  #given: string | undefined;

  constructor(deps: MembershipDeps, isIn: boolean) {
    this.#deps = deps;
    if (!isIn) this.#ask('asking');
  }

  get isIn(): boolean {
    return this.#state === 'in';
  }

  /**
   * What the function gives; undefined where the connection's token speaks for the document. Whoever asks for it gets it, also
   * when the document has gone.
   */
  get token(): Promise<string> | undefined {
    if (this.isIn) return undefined;
    this.#isAwaited = true;
    return this.#request?.token;
  }

  /** The connection is in another state than before, or has another token. */
  look(): void {
    const { token, state } = this.#deps.connection;
    if (this.#state === 'silent' && state === 'open') this.retry();
    if (this.#state !== 'told') return;
    if (token !== undefined) this.#happen(areOfOneUser(this.#given!, token) ? 'same' : 'another');
    // Whom it is for can not be had.
    else if (state === 'waiting' || state === 'blocked') this.#happen('another');
  }

  /** The connection is for another user than before, or is open by now: the function is asked again. */
  retry(): void {
    const state = membershipTransitions[this.#state].retried;
    if (state === undefined) return;
    const { isIn } = this;
    this.#ask(state);
    if (isIn) this.#deps.changed(false);
  }

  /** Nobody else is left who could say whom the connection is for. */
  dismiss(): void {
    if (!this.isIn) this.#happen('another');
  }

  leave(): void {
    this.#happen('left');
  }

  #ask(state: MembershipState): void {
    const { connection, token = () => '' } = this.#deps;
    this.#state = state;
    this.#isAwaited = false;
    this.#given = undefined;
    const request = new TokenRequest(
      systemClock,
      async (signal) =>
        (await tokenFrom(() => token({ documents: connection.documents, reason: 'first', signal }), signal))
          .token,
    );
    this.#request = request;
    request.token.then(
      (given) => {
        if (request !== this.#request) return;
        this.#given = given;
        this.#happen('gave');
        this.look();
      },
      () => {
        if (request === this.#request) this.#happen(connection.connected ? 'another' : 'failed');
      },
    );
  }

  #happen(event: MembershipEvent): void {
    const state = membershipTransitions[this.#state][event];
    if (state === undefined) return;
    this.#state = state;
    if (state === 'out' && !this.#isAwaited)
      this.#request?.cancel(new Error('the document has another connection'));
    if (event === 'same') this.#deps.changed(true);
    if (event === 'another') this.#deps.apart(this.#given);
  }
}
