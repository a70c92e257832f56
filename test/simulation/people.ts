// Who may do what in a simulated world, and until when. Tokens are plain names here; what they stand for does not change
// once they are issued, so a change of rights is another token.

import type { Authenticator } from '../../server/auth/authenticator.js';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { SeededRandom } from '../support/seeded-random.js';

/** What a token stands for. */
export interface Ticket {
  readonly token: string;
  readonly sub: string;
  /** Seconds since the epoch; undefined for ever. */
  readonly exp: number | undefined;
  readonly rights: ReadonlyMap<DocumentName, Access>;
}

export class People implements Authenticator {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #tickets = new Map<string, Ticket>();
  /** The longest that a check takes, ms. */
  slowestMs = 0;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A new token. `lastsS`: undefined for ever. */
  issue(sub: string, rights: ReadonlyMap<DocumentName, Access>, lastsS?: number): Ticket {
    const token = `${sub}-${this.#tickets.size + 1}`;
    const exp = lastsS === undefined ? undefined : Math.ceil(this.#clock.now() / 1000) + lastsS;
    const ticket = { token, sub, exp, rights: new Map(rights) };
    this.#tickets.set(token, ticket);
    return ticket;
  }

  ticket(token: string): Ticket | undefined {
    return this.#tickets.get(token);
  }

  async authenticate(token: string | undefined): Promise<Claims> {
    const ms = this.#random.int(this.slowestMs + 1);
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    if (token === undefined || token === '') throw new SyncError('TOKEN_MISSING');
    const ticket = this.#tickets.get(token);
    if (ticket === undefined) throw new SyncError('TOKEN_INVALID');
    if (ticket.exp !== undefined && ticket.exp * 1000 <= this.#clock.now())
      throw new SyncError('TOKEN_EXPIRED');
    return { sub: ticket.sub, exp: ticket.exp, payload: { token } };
  }

  authorize(claims: Claims, document: DocumentName): Access {
    return this.#tickets.get(String(claims.payload['token']))?.rights.get(document) ?? 'none';
  }
}
