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
import type { DeviceSigns } from './session-devices.js';

/** Who somebody is, by a token that was believed. */
export interface Identity {
  readonly token: string | undefined;
  readonly claims: Claims;
}

/** What tells who has a token, and what it allows. */
export interface Authority {
  /** Rejects with SyncError when the token is not believed. */
  readonly authenticate: (token: string | undefined) => Promise<Identity>;
  /** Throws or rejects with SyncError, FORBIDDEN where the claims allow nothing. */
  readonly authorize: (claims: Claims, document: DocumentName) => Access | Promise<Access>;
  /** Why a token that was believed is not good any more, or not on this device, known at once; undefined when it is good. */
  readonly refusal: (claims: Claims, deviceId?: string) => SyncError | undefined;
}

/** Whose rights they are. */
export interface RightsHost {
  /** Where it is. */
  readonly device: DeviceSigns;
  /** A token has come into force after the first one. The rights of the documents are changed right after the call. */
  renewed(claims: Claims): void;
  /** The token in force is another one than before: the first, or the next. `before`: the claims of the one before it. */
  identified(before: Claims | undefined): void;
  /** Ends the connection: the server was told that the token in force is over. */
  sendAway(error: SyncError): void;
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
  verdicts: Map<DocumentRight, Verdict>;
  /** The token has come into force, or the connection has ended. */
  readonly done: () => void;
  /** The token is not taken. */
  readonly refused: (error: SyncError) => void;
}

/** A token of another user than the connection's (N6). Its client connects anew with it. */
export class OtherUserError extends SyncError {
  constructor() {
    super('TOKEN_STALE', 'the token is of another user, who needs another connection');
  }
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
    // It may have been revoked since it was believed.
    const refusal = this.#refusal(believed.claims);
    if (refusal !== undefined) throw refusal;
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

  /**
   * The server was told something about the tokens of this user (A6): the token in force may be over, or allow something
   * else. All that is known at once counts when this returns. A right for which the application's hook is to be asked stays as
   * it is until the hook has answered.
   */
  recheck(): void {
    const claims = this.#isClosed ? undefined : this.claims;
    if (claims === undefined) return;
    const refusal = this.#refusal(claims);
    if (refusal !== undefined && !this.#replace()) return this.#sendAway(refusal);
    if (refusal === undefined) this.#askAgain(claims);
    if (this.#renewal !== undefined) void this.#askAbout(this.#renewal);
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
    if (identity.claims.sub !== this.claims?.sub) throw new OtherUserError();
    if (this.#isClosed) return;
    await new Promise<void>((done, refused) => {
      this.#renewal = { identity, verdicts: new Map(), done, refused };
      void this.#askAbout(this.#renewal);
    });
  }

  /** Asks what a token allows for each document, and brings it into force when everything is known. Never rejects. */
  async #askAbout(renewal: Renewal): Promise<void> {
    // Answers to what was asked before are worth nothing.
    const verdicts = new Map<DocumentRight, Verdict>();
    renewal.verdicts = verdicts;
    const asked = this.#documents.map(async (right) => {
      verdicts.set(right, await this.#verdict(renewal.identity.claims, right.document));
    });
    await Promise.all(asked);
    if (renewal.verdicts === verdicts) this.#confirm(renewal);
  }

  /** What the token in force allows is asked again for every document, also where a check is under way. */
  #askAgain(claims: Claims): void {
    const before = this.#version++;
    const version = this.#version;
    // A copy: a document whose right is lost leaves the list.
    for (const right of this.#documents.slice()) {
      const verdict = this.#verdict(claims, right.document);
      if (verdict instanceof Promise) {
        right.carry(before);
        void verdict.then((later) => {
          if (version === this.#version) right.rule(later);
        });
      } else right.rule(verdict);
      // A verdict can end the connection, and with it all rights.
      if (this.#isClosed) return;
    }
  }

  /** Never rejects. */
  #verdict(claims: Claims, document: DocumentName): Verdict | Promise<Verdict> {
    try {
      const access = this.#deps.authority.authorize(claims, document);
      return access instanceof Promise ? access.catch(toSyncError) : access;
    } catch (error) {
      return toSyncError(error);
    }
  }

  #refusal(claims: Claims): SyncError | undefined {
    return this.#deps.authority.refusal(claims, this.#host.device.id(claims));
  }

  /** A token that was believed comes into force in place of one that is over. False when there is none. */
  #replace(): boolean {
    return this.#renewal !== undefined && this.#confirm(this.#renewal);
  }

  /** Brings a token into force. False when that has happened already, and when the token has been revoked since. */
  #confirm(renewal: Renewal): boolean {
    if (this.#renewal !== renewal) return false;
    this.#renewal = undefined;
    const refusal = this.#refusal(renewal.identity.claims);
    if (refusal !== undefined) {
      renewal.refused(refusal);
      return false;
    }
    this.#host.renewed(renewal.identity.claims);
    this.#enforce(renewal.identity);
    // A copy: a document whose right is lost leaves the list.
    for (const right of this.#documents.slice()) {
      // A verdict can end the connection, and with it all rights.
      if (this.#isClosed) break;
      right.rule(renewal.verdicts.get(right) ?? unknown());
    }
    renewal.done();
    return true;
  }

  #enforce(identity: Identity): void {
    const before = this.claims;
    this.#identity = identity;
    this.#version++;
    this.#host.identified(before);
    this.look();
  }

  #sendAway(error: SyncError): void {
    this.#version++;
    this.#host.sendAway(error);
  }

  #expired(): void {
    if (!this.#replace()) this.lost(new SyncError('TOKEN_EXPIRED'));
  }
}

/** For a document of which a new token's verdict was not known when the old token ended. The client opens it again. */
function unknown(): SyncError {
  return new SyncError('INTERNAL', '', {
    cause: new Error('what a new token allows was not known when the token before it ended'),
  });
}
