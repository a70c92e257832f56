// What a document holds, as far as it takes to judge the next update (C2, C3): per client id the next clock and what
// is deleted, and the place of every id. No content, and never a Y.Doc.

import * as encoding from 'lib0/encoding';
import type { Limits } from '../../shared/limits.js';
import { invalid } from './byte-reader.js';
import type { Scope } from './comment-scope.js';
import { DocumentState } from './document-state.js';
import type { MissingId } from './missing-ids.js';
import { emptyUpdate } from './state-vector.js';
import { UpdateJudge, type Verdict } from './update-judge.js';

export type { MissingId } from './missing-ids.js';
export type { Verdict } from './update-judge.js';

// Judges have large working columns and no memory of documents: one per set of limits serves all.
const judges = new WeakMap<Limits, { readonly peer: UpdateJudge; readonly stored: UpdateJudge }>();

function judgesFor(limits: Limits): { readonly peer: UpdateJudge; readonly stored: UpdateJudge } {
  let pair = judges.get(limits);
  if (pair === undefined) {
    pair = { peer: new UpdateJudge(limits), stored: new UpdateJudge(limits, 'stored') };
    judges.set(limits, pair);
  }
  return pair;
}

/** The causal index of one document. Grows with `apply` and `load`, never shrinks. */
export class CausalIndex {
  private readonly limits: Limits;
  private readonly state: DocumentState;
  private encodedVector: Uint8Array | undefined;
  private encodedDeletes: Uint8Array | undefined;

  /** `commentRoots`: as `rootNames` writes them; an index that has none cannot judge by another scope than 'anywhere'. */
  constructor(limits: Limits, commentRoots?: ReadonlySet<string>) {
    this.limits = limits;
    this.state = new DocumentState(commentRoots);
  }

  /**
   * Says what an update would add; changes nothing. `isForeign` tells which client ids the sender may not write, `scope` where
   * the sender may write. Throws SyncError UPDATE_INVALID, or DOCUMENT_TOO_LARGE when client ids, roots or subdocuments pass their limits.
   */
  judge(update: Uint8Array, isForeign?: (client: number) => boolean, scope?: Scope): Verdict {
    return judgesFor(this.limits).peer.judge(this.state, update, isForeign, scope);
  }

  /**
   * The ids that an update waits for, at most `most` of them: more of it can be taken once one of them is there. Throws as
   * `judge` does.
   */
  missing(update: Uint8Array, most: number): readonly MissingId[] {
    return judgesFor(this.limits).peer.missing(this.state, update, most);
  }

  /** Records what a verdict of outcome 'new' takes. At most once, and before any other `judge` of this index. */
  apply(verdict: Verdict): void {
    this.record(judgesFor(this.limits).peer, verdict);
  }

  /**
   * Takes an update that the store holds and returns what it adds. It was checked when it was accepted, so the limits
   * for messages do not bind it and values are not looked into. Throws SyncError UPDATE_INVALID if it is damaged or
   * depends on something the index does not have.
   */
  load(update: Uint8Array): Uint8Array {
    const judge = judgesFor(this.limits).stored;
    const verdict = judge.judge(this.state, update);
    if (verdict.isIncomplete) invalid('stored update is incomplete');
    if (verdict.outcome === 'new') this.record(judge, verdict);
    judge.close();
    return verdict.outcome === 'new' ? verdict.update : emptyUpdate;
  }

  /** Next clock of a client id; 0 when unknown. */
  clockOf(client: number): number {
    return this.state.clockOf(client);
  }

  /** Encoded state vector, kept until it changes. Not to be written to. */
  stateVector(): Uint8Array {
    return (this.encodedVector ??= this.encodeVector());
  }

  /** An update with no structs and all that is deleted, kept until it changes; undefined when nothing is deleted. */
  deletes(): Uint8Array | undefined {
    this.encodedDeletes ??= this.encodeDeletes();
    return this.encodedDeletes.length > 2 ? this.encodedDeletes : undefined;
  }

  /** Whether there was ever formatted text, since the document was loaded: parts of it must not be read one by one. */
  get isFormatted(): boolean {
    return this.state.isFormatted;
  }

  get clientCount(): number {
    return this.state.clients.count;
  }

  /** Items that a Y.Doc of the document holds, about. */
  get itemCount(): number {
    return this.state.items;
  }

  /** Rough bytes the index itself takes. */
  get memoryBytes(): number {
    return this.state.memoryBytes + (this.encodedVector?.length ?? 0) + (this.encodedDeletes?.length ?? 0);
  }

  private record(judge: UpdateJudge, verdict: Verdict): void {
    judge.applyTo(this.state, verdict);
    this.encodedVector = undefined;
    this.encodedDeletes = undefined;
  }

  private encodeVector(): Uint8Array {
    const { clients } = this.state;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, clients.count);
    for (const slot of clients.descending()) {
      encoding.writeVarUint(encoder, clients.clientOf(slot));
      encoding.writeVarUint(encoder, clients.clockOf(slot));
    }
    return encoding.toUint8Array(encoder);
  }

  private encodeDeletes(): Uint8Array {
    const { clients } = this.state;
    const slots = clients.descending().filter((slot) => clients.deletedOf(slot) !== undefined);
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, slots.length);
    for (const slot of slots) {
      encoding.writeVarUint(encoder, clients.clientOf(slot));
      clients.makeDeletedOf(slot).write(encoder);
    }
    return encoding.toUint8Array(encoder);
  }
}
