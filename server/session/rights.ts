// Which token counts on a connection, and until when. The owner of the rights of all its documents.
//
// A new token comes into force in one instant, in which its verdict on every document is known (N6): before it, the token
// before it counts for all of them, its end included; after it, the new token does. So there is no moment in which a document
// goes on by rights that nobody has confirmed. Documents that are being opened have rights here as well.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Access, Claims } from '../../shared/permission.js';
import { DocumentRight, type RightHolder, type TokenInForce, type Verdict } from './document-right.js';
import { Expiry } from './expiry.js';

/** Who somebody is, by a token that was believed. */
export interface Identity {
  readonly token: string | undefined;
  readonly claims: Claims;
}

/** What tells who has a token, and what it allows. */
export interface Authority {
  /** Rejects with SyncError when the token is not believed. */
  readonly authenticate: (token: string | undefined) => Promise<Identity>;
  /** Rejects with SyncError, FORBIDDEN where the claims allow nothing. */
  readonly authorize: (claims: Claims, document: DocumentName) => Promise<Access>;
}

/** Whose rights they are. */
export interface RightsHost {
  /** A token has come into force after the first one. The rights of the documents are changed right after the call. */
  renewed(claims: Claims): void;
  /** Ends the connection: the token in force is over, or is not believed any more. */
  refuse(error: SyncError): void;
}

/** What the rights of all connections share. */
export interface RightsDeps {
  readonly clock: Clock;
  readonly authority: Authority;
}

/** A token that was believed, and what is known so far of its verdicts. */
interface Renewal {
  readonly identity: Identity;
  readonly verdicts: Map<DocumentRight, Verdict>;
  /** The token has come into force, or the connection has ended. */
  readonly done: () => void;
}

export class Rights implements TokenInForce {
  readonly #host: RightsHost;
  readonly #deps: RightsDeps;
  /** In no order. A list, as one is all that most connections have. */
  readonly #documents: DocumentRight[] = [];
  readonly #expiry = new Expiry();
  #identity: Identity | undefined;
  #version = 0;
  #renewal: Renewal | undefined;
  /** Settles when the renewal that is under way has ended, whichever way. */
  #renewing: Promise<void> | undefined;
  #isClosed = false;

  constructor(host: RightsHost, deps: RightsDeps) {
    this.#host = host;
    this.#deps = deps;
  }

  /** Of the token in force; undefined before the first. */
  get claims(): Claims | undefined {
    return this.#identity?.claims;
  }

  get version(): number {
    return this.#version;
  }

  /** The first token of the connection. Rejects with SyncError when it is not believed. */
  async begin(identity: Promise<Identity>): Promise<void> {
    const believed = await identity;
    if (!this.#isClosed) this.#enforce(believed);
  }

  /**
   * A new token. Rejects with SyncError when it is not taken: the one before it stays in force. When that one ends while
   * the new one, which is believed already, is being asked about documents, the new one comes into force at once, and
   * documents of which its verdict is not known are closed, to be opened again.
   */
  renew(token: string): Promise<void> {
    const renewing = this.#renew(token);
    this.#renewing = renewing.catch(() => {});
    return renewing;
  }

  /** The right of a document that is to be opened. */
  of(document: DocumentName, holder: RightHolder): DocumentRight {
    const right = new DocumentRight(document, this, holder);
    this.#documents.push(right);
    return right;
  }

  /** The document was closed. */
  forget(right: DocumentRight): void {
    const at = this.#documents.indexOf(right);
    const last = at < 0 ? undefined : this.#documents.pop();
    if (last !== undefined && last !== right) this.#documents[at] = last;
  }

  async allows(document: DocumentName, isChecked: boolean): Promise<Access> {
    const { authority } = this.#deps;
    const identity = this.#identity;
    if (identity === undefined) throw new SyncError('TOKEN_MISSING');
    try {
      const { claims } = isChecked ? identity : await authority.authenticate(identity.token);
      return await authority.authorize(claims, document);
    } catch (error) {
      // A token that is being taken may be about to replace the one that was refused.
      await this.#renewing;
      throw error;
    }
  }

  lost(error: SyncError): void {
    if (this.#isClosed) return;
    this.#version++;
    this.#host.refuse(error);
  }

  /** To be called regularly: the timer of a token's end is only set when the end is near. */
  look(): void {
    if (this.#isClosed || this.#identity === undefined) return;
    this.#expiry.watch(this.#deps.clock, this.#identity.claims, () => this.#expired());
  }

  close(): void {
    this.#isClosed = true;
    this.#expiry.cancel();
    this.#renewal?.done();
    this.#renewal = undefined;
  }

  async #renew(token: string): Promise<void> {
    const { authority } = this.#deps;
    const identity = await authority.authenticate(token);
    if (identity.claims.sub !== this.claims?.sub)
      throw new SyncError('FORBIDDEN', 'the token is of somebody else');
    if (this.#isClosed) return;
    await new Promise<void>((done) => {
      this.#renewal = { identity, verdicts: new Map(), done };
      void this.#askAbout(this.#renewal);
    });
  }

  /** Asks what a token allows for each document, and brings it into force when everything is known. Never rejects. */
  async #askAbout(renewal: Renewal): Promise<void> {
    const asked = this.#documents.map(async (right) => {
      renewal.verdicts.set(right, await this.#verdict(renewal.identity.claims, right.document));
    });
    await Promise.all(asked);
    this.#confirm(renewal);
  }

  async #verdict(claims: Claims, document: DocumentName): Promise<Verdict> {
    try {
      return await this.#deps.authority.authorize(claims, document);
    } catch (error) {
      return toSyncError(error);
    }
  }

  /** Brings a token into force, unless that has happened already. */
  #confirm(renewal: Renewal): void {
    if (this.#renewal !== renewal) return;
    this.#renewal = undefined;
    this.#host.renewed(renewal.identity.claims);
    this.#enforce(renewal.identity);
    // A copy: a document whose right is lost leaves the list.
    for (const right of this.#documents.slice()) {
      // A verdict can end the connection, and with it all rights.
      if (this.#isClosed) break;
      right.rule(renewal.verdicts.get(right) ?? unknown());
    }
    renewal.done();
  }

  #enforce(identity: Identity): void {
    this.#identity = identity;
    this.#version++;
    this.look();
  }

  #expired(): void {
    if (this.#renewal !== undefined) this.#confirm(this.#renewal);
    else this.lost(new SyncError('TOKEN_EXPIRED'));
  }
}

/** For a document of which a new token's verdict was not known when the old token ended. The client opens it again. */
function unknown(): SyncError {
  return new SyncError('INTERNAL', '', {
    cause: new Error('what a new token allows was not known when the token before it ended'),
  });
}
