// Takes updates into one room: judges what is offered, has tried what may cost every reader much (V3), and lets offers wait
// for a commit where somebody waits for all of them to be durable (R8).

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { CausalIndex, Verdict } from '../crdt/causal-index.js';
import type { Scope } from '../crdt/comment-scope.js';
import { Admission, type AdmissionDeps } from './admission.js';
import type { ClientIdOwners } from './client-id-owners.js';
import type { DocumentLog } from './document-log.js';
import type { Members } from './members.js';
import type { Progress } from './progress.js';
import type { Accepted, Relay } from './relay.js';
import { closedMeanwhile, type RoomLife } from './room-life.js';
import { writeRefusal } from './write-refusal.js';
import type { Receipt, Writer } from './writer.js';

/** What all rooms of a server share for it. */
export interface IntakeDeps {
  readonly limits: Limits;
  /** Throws SyncError when nothing can be taken of this writer now. */
  readonly checkIntake: (writer: Writer) => void;
  readonly admission: AdmissionDeps;
}

/** What updates of one room are judged by, and where they go. */
export interface IntakeParts {
  readonly document: DocumentName;
  readonly log: DocumentLog;
  readonly index: CausalIndex;
  readonly relay: Relay;
  readonly owners: ClientIdOwners;
  readonly members: Members;
  readonly progress: Progress;
  readonly life: RoomLife;
  /** Throws SyncError where a client id that is new to the document is of content that was deleted. */
  readonly checkNew: (clients: readonly number[]) => void;
  /** Brings an update that was taken to the log, the readers and the store. */
  readonly append: (taken: Omit<Accepted, 'offset'>) => void;
}

/** An update as it was offered. */
interface Offer {
  readonly update: Uint8Array;
  readonly writer: Writer;
  readonly isEdit: boolean;
  readonly receipt: Receipt;
}

/** What came of an offered update. What was not taken can be offered again once more is known. */
export interface Acceptance {
  readonly outcome: 'new' | 'known' | 'blocked';
  /** Some of it depends on what the document does not have. */
  readonly isIncomplete: boolean;
  /** Some of it is under client ids that belong to somebody else. */
  readonly isForeign: boolean;
  /** Of these, some belong to another user: they do not become free when a connection ends. */
  readonly isOwned: boolean;
  /** The writer may only comment, and what the offer deletes elsewhere was left out (A21). */
  readonly isLeftOut: boolean;
}

export class Intake {
  readonly #deps: IntakeDeps;
  readonly #parts: IntakeParts;
  readonly #admission: Admission;
  /** Whose update is being judged, and whether the writer has just made it. Undefined between two judgements. */
  #writer: Writer | undefined;
  #isEdit = false;
  /** Whether the update that was judged last is under a client id of another user. */
  #isOwned = false;
  /** Whether the writer may not add structs under a client id. One function for all updates: each would make one. */
  readonly #isForeign = (clientId: number): boolean => {
    if (this.#writer === undefined) return false;
    const standing = this.#parts.owners.standing(clientId, this.#writer, this.#isEdit);
    if (standing === 'owned') this.#isOwned = true;
    return standing !== 'free';
  };

  constructor(deps: IntakeDeps, parts: IntakeParts) {
    const { document, log } = parts;
    this.#deps = deps;
    this.#parts = parts;
    this.#admission = new Admission(deps.admission, { document, content: () => log.all() });
  }

  /** Whether an update is being tried. */
  get isTrying(): boolean {
    return this.#admission.isPending;
  }

  /** See Room.accept. */
  accept(
    update: Uint8Array,
    writer: Writer,
    isEdit: boolean,
    receipt: Receipt,
  ): Acceptance | Promise<Acceptance> {
    this.#deps.checkIntake(writer);
    if (!isEdit && this.#mustWait(update)) return this.#acceptLater({ update, writer, isEdit, receipt });
    return this.#acceptNow(update, writer, isEdit, receipt);
  }

  /** Throws SyncError COMMENT_ONLY for what a commenter may not change, also where something of the update is missing. */
  #judge(update: Uint8Array, writer: Writer, isEdit: boolean, receipt: Receipt): Verdict {
    this.#writer = writer;
    this.#isEdit = isEdit;
    this.#isOwned = false;
    try {
      const verdict = this.#parts.index.judge(update, this.#isForeign, scopeOf(writer, isEdit, receipt));
      if (verdict.outOfScope === 'something') throw writeRefusal('comment');
      return verdict;
    } finally {
      this.#writer = undefined;
    }
  }

  #acceptNow(
    update: Uint8Array,
    writer: Writer,
    isEdit: boolean,
    receipt: Receipt,
  ): Acceptance | Promise<Acceptance> {
    const verdict = this.#judge(update, writer, isEdit, receipt);
    if (verdict.outcome === 'new' && !this.#admission.isPlain(verdict, this.#parts.index.itemCount))
      return this.#try(verdict, { update, writer, isEdit, receipt });
    return this.#take(verdict, writer, isEdit, receipt);
  }

  /**
   * R8: somebody waits until all offers are durable. If more were taken meanwhile, the wait might never end, so an offer of
   * something new waits for the same commit. A large one does not wait: what waits is in memory.
   */
  #mustWait(offer: Uint8Array): boolean {
    const { progress, index } = this.#parts;
    if (!progress.isOwnAwaited || offer.length > this.#deps.limits.syncPartBytes) return false;
    return index.judge(offer).outcome === 'new';
  }

  /** Takes an offer after a commit. The offer waits once: whoever asked before the offer came is answered first. */
  async #acceptLater({ update, writer, isEdit, receipt }: Offer): Promise<Acceptance> {
    const isMember = this.#parts.members.has(writer);
    await this.#parts.progress.settled();
    this.#checkPresent(writer, isMember);
    return this.#acceptNow(update, writer, isEdit, receipt);
  }

  /**
   * Has the new part of an update tried, and takes the update. Others go on meanwhile, so the update is judged again
   * afterwards; if more of it is new by then, that is tried as well.
   */
  async #try(tried: Verdict, offer: Offer): Promise<Acceptance> {
    const { update, writer, isEdit, receipt } = offer;
    const isMember = this.#parts.members.has(writer);
    const outcome = await this.#admission.try({
      update: tried.update,
      connection: writer.connection,
      author: writer.sub,
      check: () => this.#checkPresent(writer, isMember),
      take: () => {
        const now = this.#judge(update, writer, isEdit, receipt);
        const isTried = now.outcome !== 'new' || now.update.length <= tried.update.length;
        return isTried ? { acceptance: this.#take(now, writer, isEdit, receipt) } : { untried: now };
      },
    });
    return 'acceptance' in outcome ? outcome.acceptance : this.#try(outcome.untried, offer);
  }

  /** A trial does not outlive its room, nor the stay (V4) or the rights (A3) of its writer. */
  #checkPresent(writer: Writer, wasMember: boolean): void {
    this.#parts.life.checkOpen();
    if (wasMember && !this.#parts.members.has(writer)) throw closedMeanwhile();
    if (!writer.mayWrite) throw writeRefusal('read');
    this.#deps.checkIntake(writer);
  }

  /** Takes the update that was judged last. */
  #take(verdict: Verdict, writer: Writer, isEdit: boolean, receipt: Receipt): Acceptance {
    const { life, index, members, owners, relay, append } = this.#parts;
    life.checkNotEnded();
    const { outcome, isIncomplete, isForeign, soleClient, newClients } = verdict;
    const isOwned = isForeign && this.#isOwned;
    const isLeftOut = verdict.outOfScope === 'left-out';
    const isPart = isIncomplete || isForeign || isLeftOut;
    if (outcome === 'new') {
      this.#checkSize(verdict.update.length);
      // What the application itself brings it has decided on.
      if (writer.connection !== undefined) this.#parts.checkNew(newClients);
      const mayLeave = isEdit && !members.mayBeOfOther(writer, soleClient, index);
      index.apply(verdict);
      if (members.has(writer)) {
        if (!isEdit) owners.offered(newClients, writer);
        else if (soleClient >= 0) owners.edited(soleClient, writer);
      }
      // Stock clients are told of the part that was taken; a number stands for the whole, which is not there yet.
      const partly = typeof receipt === 'number' ? undefined : verdict.update;
      append({ update: verdict.update, receipt: isPart ? partly : receipt, writer, isEdit: mayLeave });
    } else if (outcome === 'known' && !isPart && (isEdit || typeof receipt === 'number')) {
      relay.addKnown(receipt, writer);
    }
    return { outcome, isIncomplete, isForeign, isOwned, isLeftOut };
  }

  #checkSize(bytes: number): void {
    const { maxDocumentBytes } = this.#deps.limits;
    if (this.#parts.log.bytes + bytes > maxDocumentBytes)
      throw new SyncError('DOCUMENT_TOO_LARGE', `a document is at most ${maxDocumentBytes} bytes`);
  }
}

/**
 * A21: an offer of a stock client tells all that its document has deleted, also what Yjs has tidied in the text. So what a
 * commenter may not delete is left out of it. A number stands for a whole update, which is taken whole or refused.
 */
function scopeOf(writer: Writer, isEdit: boolean, receipt: Receipt): Scope {
  if (!writer.isCommenter) return 'anywhere';
  return isEdit || typeof receipt === 'number' ? 'comments' : 'comments-only-deletes-left-out';
}
