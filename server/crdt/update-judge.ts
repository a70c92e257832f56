// Decides what of an update a document takes. Holds no document: only working columns, shared by all documents, of
// the one update that was judged last.

import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { ByteReader, invalid } from './byte-reader.js';
import { CausalWalk } from './causal-walk.js';
import {
  deletesElsewhere,
  leaveOutDeletes,
  mayAdd,
  type Deletable,
  type OutOfScope,
  type PlaceRun,
  type Scope,
} from './comment-scope.js';
import { applyDeletes, judgeDeletes } from './delete-set.js';
import { type DocumentState, rootName } from './document-state.js';
import type { Inspection } from './inspection.js';
import { KeyValues } from './key-values.js';
import { type MissingId, missingIds } from './missing-ids.js';
import {
  asKeyed,
  asType,
  beside,
  commentRootPlace,
  depthOf,
  elsewhere,
  gonePlace,
  inside,
  isForComments,
  isKeyed,
  isType,
  notKeyed,
  type Place,
  rootPlace,
} from './place.js';
import {
  HAS_ORIGIN,
  HAS_PARENT_ID,
  HAS_RIGHT,
  HAS_ROOT,
  INFO_PARENT_SUB,
  Kind,
  KIND_MASK,
} from './struct-reader.js';
import { UpdateInspector } from './update-inspector.js';
import { noShape, shapeOf, type UpdateShape } from './update-shape.js';
import type { Trust } from './value-reader.js';
import { writeTaken } from './write-taken.js';

/** What taking an update would mean for the document it was judged for. */
export interface Verdict {
  /** new: `update` holds what is to be stored and relayed. known: adds nothing. blocked: nothing can be taken now. */
  readonly outcome: 'new' | 'known' | 'blocked';
  /** For 'new': the very bytes judged when all of it is new and canonical, else an update with only what is new. */
  readonly update: Uint8Array;
  /** Some of it depends on what the document does not have. */
  readonly isIncomplete: boolean;
  /** Some of it adds structs to a client id that belongs to somebody else. */
  readonly isForeign: boolean;
  /** The only client id whose structs it adds; -1 if it adds structs of several or of none. */
  readonly soleClient: number;
  /** The client ids whose first structs in the document it brings. */
  readonly newClients: readonly number[];
  /** How much work what it adds may make for Yjs. */
  readonly shape: UpdateShape;
  /** How many lists the types it adds stand in, the deepest of them; 0 if it adds no type. */
  readonly depth: number;
  /** What is not taken of it because the sender may write in a part of the document only. */
  readonly outOfScope: OutOfScope;
}

const nobody = (): boolean => false;
const noClients: readonly number[] = [];

/** Judges one update after the other; `applyTo` records what the last one adds. */
export class UpdateJudge {
  private readonly inspector: UpdateInspector;
  /** What is loaded was taken before, and is not judged again. */
  private readonly isStored: boolean;
  private readonly maxNesting: number;
  private readonly maxClients: number;
  private readonly maxRoots: number;
  private readonly maxSubdocuments: number;
  private readonly names = new ByteReader();
  private state!: DocumentState;
  private readonly walk: CausalWalk;
  private found!: Inspection;

  /** Per block: the clock the document had, and the client's slot in it (-1: new). Per struct: its place. */
  private base = new Uint32Array(4);
  private slot = new Int32Array(4);
  private places = new Uint32Array(64);
  private readonly newRoots = new Set<string>();
  private readonly keyValues = new KeyValues();
  private subdocuments = 0;
  private depth = 0;
  private isIncomplete = false;
  private isForeign = false;
  private scope: Scope = 'anywhere';
  private outOfScope: OutOfScope = 'nothing';
  /** What the columns speak of; undefined once it is applied. */
  private last: Verdict | undefined;

  constructor(limits: Limits, trust: Trust = 'peer') {
    const isStored = trust === 'stored';
    this.isStored = isStored;
    this.inspector = new UpdateInspector(limits, trust);
    this.walk = new CausalWalk(
      (client) => this.state.clockOf(client),
      (index, block) => this.take(index, block),
    );
    this.maxNesting = isStored ? Infinity : limits.maxNesting;
    this.maxClients = isStored ? Infinity : limits.maxClientsPerDocument;
    this.maxRoots = isStored ? Infinity : limits.maxRootTypes;
    this.maxSubdocuments = isStored ? Infinity : limits.maxSubdocuments;
  }

  /**
   * Changes nothing in `state`. Throws SyncError UPDATE_INVALID or DOCUMENT_TOO_LARGE. In another scope than 'anywhere' the
   * update is taken whole or not at all, also where something of it is missing or foreign.
   */
  judge(
    state: DocumentState,
    update: Uint8Array,
    isForeign: (client: number) => boolean = nobody,
    scope: Scope = 'anywhere',
  ): Verdict {
    this.last = undefined;
    this.found = this.inspector.inspect(update);
    this.walk.open(this.found);
    this.state = state;
    this.subdocuments = 0;
    this.depth = 0;
    if (this.newRoots.size > 0) this.newRoots.clear();
    this.keyValues.clear();
    this.isIncomplete = false;
    this.isForeign = false;
    this.scope = scope;
    this.outOfScope = 'nothing';
    this.openBlocks(isForeign);
    this.walk.run();
    this.last = this.conclude(update);
    this.found.release();
    return this.last;
  }

  /** Records in `state` what `verdict` takes. */
  applyTo(state: DocumentState, verdict: Verdict): void {
    // Other documents are judged with the same columns; what was theirs in between is worked out again.
    if (this.last !== verdict || this.state !== state) {
      const again = this.judge(state, verdict.update);
      if (again.outcome !== 'new' || again.update !== verdict.update) throw new Error('stale verdict');
    }
    this.last = undefined;
    for (let block = 0; block < this.found.blockCount; block++) this.applyBlock(state, block);
    if (this.newRoots.size > 0) for (const name of this.newRoots) state.addRoot(name);
    state.subdocuments += this.subdocuments;
    state.items += verdict.shape.items;
    if (this.found.deleteBlockCount > 0) applyDeletes(this.found, state);
  }

  /** At most `most` of the ids that the update waits for. Throws as `judge` does. */
  missing(state: DocumentState, update: Uint8Array, most: number): MissingId[] {
    this.judge(state, update);
    this.last = undefined;
    return missingIds(this.walk, most);
  }

  /** Lets go of columns grown by a large update, for a judge that may not see another for long. */
  close(): void {
    this.last = undefined;
    this.found.close();
    this.places = new Uint32Array(0);
  }

  private take(index: number, block: number): void {
    const shape = this.found.shape[index] as number;
    const kind = shape & KIND_MASK;
    let place = kind === Kind.gc ? this.placeOfGone(index, block) : this.listOf(index, block, shape);
    if (kind !== Kind.gc) {
      const right = this.rightOf(index, block, place);
      // Where there are commenters, and also for what is loaded: they may build on it later.
      if (this.state.commentRoots !== undefined) {
        if (this.scope !== 'anywhere' && !mayAdd(kind, place, right)) this.outOfScope = 'something';
        if (!isForComments(right)) place = elsewhere(place);
      }
      // Versions of Yjs differ in the neighbour by which they tell that a struct is the value of a key.
      if (isKeyed(right)) place = asKeyed(place);
      if (isKeyed(place) && !this.isStored)
        this.keyValues.note(this.found, index, this.found.blockClient[block] as number);
    }
    if (kind === Kind.type) {
      const depth = depthOf(place);
      if (depth > this.maxNesting) invalid('types nested too deep');
      if (depth > this.depth) this.depth = depth;
      place = asType(place);
    } else if (kind === Kind.subdocument) {
      if (this.state.subdocuments + ++this.subdocuments > this.maxSubdocuments) tooLarge('subdocuments');
    }
    this.places[index] = place;
  }

  private openBlocks(isForeign: (client: number) => boolean): void {
    const { found, state, walk } = this;
    if (this.base.length < found.blockCount) {
      this.base = new Uint32Array(walk.clock.length);
      this.slot = new Int32Array(walk.clock.length);
    }
    if (this.places.length !== found.at.length) this.places = new Uint32Array(found.at.length);
    for (let block = 0; block < found.blockCount; block++) {
      const client = found.blockClient[block] as number;
      const slot = state.clients.find(client);
      const base = slot < 0 ? 0 : state.clients.clockOf(slot);
      this.slot[block] = slot;
      this.base[block] = base;
      walk.clock[block] = base;
      const first = this.firstUnknown(block, base);
      const limit = found.blockFirst[block + 1] as number;
      walk.first[block] = first;
      walk.next[block] = first;
      walk.limit[block] = limit;
      if (first < limit && !this.isGap(first, base) && isForeign(client)) {
        this.isForeign = true;
        walk.limit[block] = first;
      }
    }
  }

  /** Whether the document lacks what comes before the struct: then nobody can bring it yet, also its author not. */
  private isGap(index: number, base: number): boolean {
    return (this.found.start[index] as number) > base || this.found.shape[index] === Kind.skip;
  }

  private firstUnknown(block: number, base: number): number {
    const found = this.found;
    const first = found.blockFirst[block] as number;
    const limit = found.blockFirst[block + 1] as number;
    if (first === limit || (found.start[first] as number) >= base) return first;
    if ((found.until[limit - 1] as number) <= base) return limit;
    return found.findStruct(first, limit, base);
  }

  /** Place of a struct in the list it joins: its neighbours', or one deeper than its parent. */
  private listOf(index: number, block: number, shape: number): Place {
    const { found, state } = this;
    const base = this.base[block] as number;
    // Cut at what the document has: its left neighbour is the last id known, whatever it said itself.
    if ((found.start[index] as number) < base)
      return beside(state.clients.lastPlaceOf(this.slot[block] as number));
    if ((shape & HAS_ROOT) !== 0) {
      const root = this.placeOfRoot(found.at[index] as number);
      return this.hasKey(index) ? asKeyed(root) : root;
    }
    if ((shape & (HAS_ORIGIN | HAS_PARENT_ID)) === 0)
      return beside(
        this.placeOf(found.rightClient[index] as number, found.rightClock[index] as number, index, block),
      );
    const client = found.depClient[index] as number;
    const clock = found.depClock[index] as number;
    const place = this.placeOf(client, clock, index, block);
    if ((shape & HAS_ORIGIN) !== 0) return beside(place);
    if (!isType(place)) {
      if (!this.isGone(client, clock)) invalid('parent is no type');
      if (state.commentRoots !== undefined && !isForComments(place)) return gonePlace;
    }
    return this.hasKey(index) ? asKeyed(inside(place)) : inside(place);
  }

  /** Whether a struct that names its parent is the value of a key there. */
  private hasKey(index: number): boolean {
    return ((this.found.update[this.found.at[index] as number] as number) & INFO_PARENT_SUB) !== 0;
  }

  /** The place of the struct's right neighbour; `place` where it names none. */
  private rightOf(index: number, block: number, place: Place): Place {
    const { found } = this;
    if (((found.shape[index] as number) & HAS_RIGHT) === 0) return place;
    return this.placeOf(found.rightClient[index] as number, found.rightClock[index] as number, index, block);
  }

  /** Place of an id that the document or the structs taken so far have; it is asked while placing `index`. */
  private placeOf(client: number, clock: number, index: number, block: number): Place {
    const { found, state } = this;
    const home = client === found.blockClient[block] ? block : this.walk.blockOf(client);
    if (home < 0) return state.clients.placeOf(state.clients.find(client), clock);
    if (clock < (this.base[home] as number)) return state.clients.placeOf(this.slot[home] as number, clock);
    if (home === block && clock >= (found.start[index - 1] as number))
      return this.places[index - 1] as number;
    const limit = home === block ? index : (this.walk.limit[home] as number);
    return this.places[found.findStruct(this.walk.first[home] as number, limit, clock)] as number;
  }

  /**
   * GC forgets where it was. Taking the place before it keeps the runs of a client long; where commenters may write, it must be
   * told from what is in a list. Nothing that follows it is taken for the value of a key.
   */
  private placeOfGone(index: number, block: number): Place {
    if (this.state.commentRoots !== undefined) return gonePlace;
    if (index > (this.walk.first[block] as number)) return notKeyed(this.places[index - 1] as number);
    const slot = this.slot[block] as number;
    return slot < 0 ? rootPlace : notKeyed(this.state.clients.lastPlaceOf(slot));
  }

  /** Deleted content forgets that it was a type; what arrives for it later is legitimate, and deleted like it. */
  private isGone(client: number, clock: number): boolean {
    const { found, state } = this;
    const block = this.walk.blockOf(client);
    if (block >= 0 && clock >= (this.base[block] as number)) {
      const index = found.findStruct(
        this.walk.first[block] as number,
        this.walk.limit[block] as number,
        clock,
      );
      return ((found.shape[index] as number) & KIND_MASK) <= Kind.deleted;
    }
    return state.clients.deletedOf(state.clients.find(client))?.covers(clock, clock + 1) ?? false;
  }

  private placeOfRoot(at: number): Place {
    const { names, state, newRoots } = this;
    const bytes = this.found.update;
    // Past the info byte and the byte that says a root name follows.
    names.open(bytes, at + 2);
    const length = names.uint32();
    const from = names.pos;
    names.close();
    const until = from + length;
    if (!state.hasRoot(bytes, from, until)) {
      newRoots.add(rootName(bytes, from, until));
      if (state.rootCount + newRoots.size > this.maxRoots) tooLarge('root types');
    }
    return state.isCommentRoot(bytes, from, until) ? commentRootPlace : rootPlace;
  }

  private conclude(update: Uint8Array): Verdict {
    const { found, base } = this;
    const { first, next, limit } = this.walk;
    let added = 0;
    let newClients: number[] | undefined;
    let soleClient = -1;
    let isWhole = found.isCanonical;
    for (let block = 0; block < found.blockCount; block++) {
      const from = first[block] as number;
      const to = next[block] as number;
      if (to < (limit[block] as number) && !this.isOnlySkips(block)) this.isIncomplete = true;
      if (from !== found.blockFirst[block] || to !== found.blockFirst[block + 1]) isWhole = false;
      if (from === to) continue;
      if ((found.start[from] as number) < (base[block] as number)) isWhole = false;
      const client = found.blockClient[block] as number;
      if ((this.slot[block] as number) < 0) (newClients ??= []).push(client);
      soleClient = ++added === 1 ? client : -1;
    }
    if (newClients !== undefined && this.state.clients.count + newClients.length > this.maxClients)
      tooLarge('client ids');
    let isNew = added > 0;
    if (found.deleteBlockCount > 0) {
      if (this.scope !== 'anywhere' && this.boundDeletes()) isWhole = false;
      const deletes = judgeDeletes(found, this.state, (client) => this.walk.boundOf(client));
      if (deletes.isBeyond) this.isIncomplete = true;
      if (deletes.fresh > 0) isNew = true;
      if (deletes.isBeyond || deletes.fresh < found.rangeCount) isWhole = false;
    }
    this.keyValues.settle(found);
    if (!this.keyValues.isEmpty) isWhole = false;
    if (this.scope !== 'anywhere' && (this.isIncomplete || this.isForeign)) isNew = false;
    const blocked = this.isIncomplete || this.isForeign ? 'blocked' : 'known';
    return {
      outcome: isNew ? 'new' : blocked,
      update: isNew && !isWhole ? this.rewrite() : update,
      isIncomplete: this.isIncomplete,
      isForeign: this.isForeign,
      soleClient,
      newClients: newClients ?? noClients,
      shape: isNew ? shapeOf(found, first, next) : noShape,
      depth: this.depth,
      outOfScope: this.outOfScope,
    };
  }

  /** Notes what the update deletes out of its scope. Returns whether that was left out of the columns. */
  private boundDeletes(): boolean {
    const { found, state } = this;
    const of: Deletable = {
      found,
      boundOf: (client) => this.walk.boundOf(client),
      deletedOf: (client) => state.clients.deletedOf(state.clients.find(client)),
      runAt: (client, clock) => this.runAt(client, clock),
    };
    if (!deletesElsewhere(of)) return false;
    if (this.scope === 'comments') {
      this.outOfScope = 'something';
      return false;
    }
    leaveOutDeletes(of);
    if (this.outOfScope === 'nothing') this.outOfScope = 'left-out';
    return true;
  }

  /** The run of ids with one place that an id is in, which the document has or the update brings. */
  private runAt(client: number, clock: number): PlaceRun {
    const { found, state, walk } = this;
    const slot = state.clients.find(client);
    if (slot >= 0 && clock < state.clients.clockOf(slot)) {
      const until = state.clients.placeEndsAt(slot, clock);
      return { place: state.clients.placeOf(slot, clock), until };
    }
    const block = walk.blockOf(client);
    const index = found.findStruct(walk.first[block] as number, walk.next[block] as number, clock);
    const isDeleted = ((found.shape[index] as number) & KIND_MASK) <= Kind.deleted;
    return {
      place: isDeleted ? gonePlace : (this.places[index] as number),
      until: found.until[index] as number,
    };
  }

  private isOnlySkips(block: number): boolean {
    const { found } = this;
    for (let index = this.walk.next[block] as number; index < (this.walk.limit[block] as number); index++)
      if (found.shape[index] !== Kind.skip) return false;
    return true;
  }

  private rewrite(): Uint8Array {
    const { found, state, base, walk, keyValues } = this;
    const { first, next } = walk;
    const boundOf = (client: number): number => walk.boundOf(client);
    return writeTaken({ found, state, first, next, base, keyValues, boundOf });
  }

  private applyBlock(state: DocumentState, block: number): void {
    const { found, places } = this;
    const { clients } = state;
    const first = this.walk.first[block] as number;
    const limit = this.walk.next[block] as number;
    if (first === limit) return;
    const known = this.slot[block] as number;
    const slot = known < 0 ? clients.add(found.blockClient[block] as number) : known;
    for (let index = first; index < limit; index++) {
      const until = found.until[index] as number;
      const kind = (found.shape[index] as number) & KIND_MASK;
      if (kind === Kind.format) state.isFormatted = true;
      if (kind <= Kind.deleted) clients.makeDeletedOf(slot).add(clients.clockOf(slot), until);
      clients.extend(slot, until, places[index] as number);
    }
  }
}

function tooLarge(what: string): never {
  throw new SyncError('DOCUMENT_TOO_LARGE', what);
}
