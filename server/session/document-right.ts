// What the client of one connection may do with one document, at this moment. Whoever reads or writes for the client asks
// here when it does, and keeps no answer.

import type { DocumentName } from '../../shared/document-name.js';
import { toSyncError, type SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';

/** The token of the connection that counts. */
export interface TokenInForce {
  /** Grows with each token that comes into force. */
  readonly version: number;
  /** What the token allows. `isChecked`: it was just found to be good. Rejects with SyncError. */
  allows(document: DocumentName, isChecked: boolean): Promise<Access>;
  /** The token in force is not believed any more. */
  lost(error: SyncError): void;
}

/** Whoever the right is for. */
export interface RightHolder {
  /** A right that was known before has become another one. */
  accessChanged(access: Access): void;
  /** The token that has come into force does not allow the document. */
  rightLost(error: SyncError): void;
}

/** What a token allows, or why it does not. */
export type Verdict = Access | SyncError;

export class DocumentRight {
  readonly document: DocumentName;
  readonly #token: TokenInForce;
  readonly #holder: RightHolder;
  #access: Access = 'none';

  constructor(document: DocumentName, token: TokenInForce, holder: RightHolder) {
    this.document = document;
    this.#token = token;
    this.#holder = holder;
  }

  /** What the client may do now: none before the first check. */
  get access(): Access {
    return this.#access;
  }

  /**
   * Checks token and right (A1). When another token comes into force meanwhile, it is asked instead: an answer about a
   * token that does not count any more is worth nothing. Rejects with SyncError. Look at `access` afterwards, and whether
   * the document is still open.
   */
  async check(isChecked = false): Promise<void> {
    for (;;) {
      const { version } = this.#token;
      let verdict: Verdict;
      try {
        verdict = await this.#token.allows(this.document, isChecked);
      } catch (error) {
        verdict = toSyncError(error);
      }
      if (version !== this.#token.version) continue;
      if (typeof verdict === 'string') return this.#set(verdict);
      this.#access = 'none';
      if (verdict.retry === 'after-auth') this.#token.lost(verdict);
      throw verdict;
    }
  }

  /** A new token has come into force, and this is what it says. */
  rule(verdict: Verdict): void {
    if (typeof verdict === 'string') return this.#set(verdict);
    this.#access = 'none';
    this.#holder.rightLost(verdict);
  }

  /** The token's time is over: nothing is taken any more, not even what was offered before and is still looked at. */
  end(): void {
    this.#access = 'none';
  }

  #set(access: Access): void {
    const before = this.#access;
    this.#access = access;
    if (before !== 'none' && before !== access) this.#holder.accessChanged(access);
  }
}
