// What the client of one connection may do with one document, at this moment. Whoever reads or writes for the client asks
// here when it does, and keeps no answer.

import type { DocumentName } from '../../shared/document-name.js';
import { toSyncError, type SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';

/** The token of the connection that counts. */
export interface TokenInForce {
  /** Grows with each token that comes into force, and when the one in force is lost. */
  readonly version: number;
  /** What the token allows. `isChecked`: it was just found to be good. Rejects with SyncError. */
  allows(document: DocumentName, isChecked: boolean): Promise<Access>;
  /** The token in force is not believed any more. */
  lost(error: SyncError): void;
}

/** Whoever the right is for. Both are told in the instant in which it happens: no other token has come into force since. */
export interface RightHolder {
  /** A right that was known before has become another one. */
  accessChanged(access: Access): void;
  /** The token in force does not allow the document, or cannot be asked. Nothing may be read or written after the call. */
  rightLost(error: SyncError): void;
}

/** What a token allows, or why it does not. */
export type Verdict = Access | SyncError;

export class DocumentRight {
  readonly document: DocumentName;
  readonly #token: TokenInForce;
  readonly #holder: RightHolder;
  #access: Access = 'none';
  /** Of the token that `#access` is about. */
  #version = -1;

  constructor(document: DocumentName, token: TokenInForce, holder: RightHolder) {
    this.document = document;
    this.#token = token;
    this.#holder = holder;
  }

  /**
   * What the client may do now. Nothing before the first check, and nothing by a token that does not count any more, which
   * matters for what was offered to a document that has been closed since.
   */
  get access(): Access {
    return this.#version === this.#token.version ? this.#access : 'none';
  }

  /**
   * Checks token and right (A1). When another token comes into force meanwhile, it is asked instead: an answer about a
   * token that does not count any more is worth nothing. Never rejects: the holder is told of a right that is lost. Look
   * afterwards whether the document is still open.
   */
  async check(isChecked = false): Promise<void> {
    for (;;) {
      const { version } = this.#token;
      const verdict = await this.#ask(isChecked);
      if (version === this.#token.version) return this.rule(verdict);
    }
  }

  /**
   * The token in force is asked again. Until it has answered, what it has said counts on: `version` is that of before. A right
   * that is being checked for the first time is not known yet, and stays so.
   */
  carry(version: number): void {
    if (this.#version === version) this.#version = this.#token.version;
  }

  /** This is what the token in force says. */
  rule(verdict: Verdict): void {
    const before = this.#access;
    this.#version = this.#token.version;
    this.#access = typeof verdict === 'string' ? verdict : 'none';
    if (typeof verdict !== 'string') {
      // Not about this document: the token itself is not good any more.
      if (verdict.retry === 'after-auth') this.#token.lost(verdict);
      this.#holder.rightLost(verdict);
    } else if (before !== 'none' && before !== verdict) this.#holder.accessChanged(verdict);
  }

  async #ask(isChecked: boolean): Promise<Verdict> {
    try {
      return await this.#token.allows(this.document, isChecked);
    } catch (error) {
      return toSyncError(error);
    }
  }
}
