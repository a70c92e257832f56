// Which Yjs client id belongs to whom, so that nobody writes under somebody else's (C3, C6). Owns the claims of one room;
// knows nothing of updates.
//
// A Yjs update is not signed: whoever may write can invent structs under any client id, and structs on clocks that the
// id's owner has not used yet would take the place of the owner's offline edits. Yet others may rightly bring such structs:
// another tab of the same user, or anybody after the server lost its tail. So a claim binds only what is known. While the
// claiming connection is open, the id is that connection's, and its user's and device's. After that the id stays with the
// user, if the user is known, and with the device.
//
// No later claim takes an id from its owner. An announcement proves nothing: stock clients repeat what they hear of others,
// so anybody can make a page announce any id. So an announcement claims an id only before the id has content.
//
// An offer may be of somebody else's edits, which the server has lost. So an offer claims an id only where nothing can have
// been lost: the document is whole, and the offer brings the id's first content. A connection that has shown another id as
// its own claims none by an offer either: it may pass on what it heard beside the server. Where no offer claims it, content
// that came by an offer has no owner, and its id goes to the first user who edits under it.

import type { OwnedId, Owner } from './owner-table.js';
import type { Writer } from './writer.js';

interface Claim {
  readonly owner: Owner;
  /** Undefined once the connection has closed. */
  readonly connection: object | undefined;
  /**
   * Others may offer structs under the id, until its owner is here again: the server was killed, and what others had heard of
   * the owner's edits may be nowhere else.
   */
  readonly isLenient: boolean;
  /** It is kept in the store as it is. */
  isKept: boolean;
}

/** What a connection has claimed, as long as it is open. */
interface Holder {
  readonly owner: Owner;
  readonly ids: Set<number>;
  /** It has announced an id as its own, or made an edit under one. */
  hasOwnId: boolean;
}

/** What may not be done under a client id. taken: as long as its connection is open. owned: it is another user's. */
export type Standing = 'free' | 'taken' | 'owned';

/** Claims of closed connections on ids without content: so many per user, and in all. */
const maxEmptyPerUser = 1_000;
const maxEmpty = 10_000;

export class ClientIdOwners {
  readonly #hasContent: (clientId: number) => boolean;
  readonly #changed: () => void;
  readonly #claims = new Map<number, Claim>();
  readonly #holders = new Map<object, Holder>();
  /** Per user the ids without content that were claimed on connections that have closed, the oldest first. */
  readonly #empty = new Map<string, Set<number>>();
  #emptyCount = 0;
  #isWhole = false;

  /**
   * `hasContent` tells whether the document has structs of a client id. Claims of such ids are never forgotten; their number
   * is bounded with that of the document's client ids. `changed` is called when there is more for `kept` to tell.
   */
  constructor(hasContent: (clientId: number) => boolean, changed: () => void = () => {}) {
    this.#hasContent = hasContent;
    this.#changed = changed;
  }

  /** How many ids are claimed. */
  get size(): number {
    return this.#claims.size;
  }

  /** Nobody can have heard of the document what the server has lost, or never had. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether this writer may add structs under the client id: by an edit that was just made, or by an offer of what it has. */
  standing(clientId: number, writer: Writer, isEdit = true): Standing {
    const claim = this.#claims.get(clientId);
    // The server itself brings what an embedder gives it, whoever wrote that.
    if (claim === undefined || writer.connection === undefined) return 'free';
    if (claim.connection === writer.connection || isSameOwner(claim.owner, writer)) return 'free';
    if (claim.isLenient && !isEdit) return 'free';
    return claim.owner.sub === undefined ? 'taken' : 'owned';
  }

  /**
   * The connection announced the id as its own awareness id. Only who may write claims an id by that. The content of an id
   * without an owner is of somebody who has not edited under it yet: a user who announces the id may not be that one. Where
   * nobody is known, the page that comes back with its content has nothing but the announcement.
   */
  announce(clientId: number, writer: Writer): void {
    if (writer.connection === undefined || !writer.mayWrite) return;
    this.#holderOf(writer).hasOwnId = true;
    const claim = this.#claims.get(clientId);
    if (claim === undefined && writer.sub !== undefined && this.#hasContent(clientId)) return;
    if (claim !== undefined && this.standing(clientId, writer) !== 'free') return;
    this.#hold(clientId, writer, claim);
  }

  /** The connection sent a live edit whose structs are all under this id, and the document has taken it. */
  edited(clientId: number, writer: Writer): void {
    if (writer.connection === undefined) return;
    this.#holderOf(writer).hasOwnId = true;
    const claim = this.#claims.get(clientId);
    if (claim !== undefined && this.standing(clientId, writer) !== 'free') return;
    if (claim?.connection === undefined) this.#hold(clientId, writer, claim);
    this.#toBeKept(clientId);
  }

  /**
   * The connection offered what it has, and the document has taken it: the first content of these ids. Where nobody is known
   * it claims nothing: another tab of the same page may have made it.
   */
  offered(clientIds: readonly number[], writer: Writer): void {
    const { connection, sub } = writer;
    const mayClaim = this.#isWhole && connection !== undefined && sub !== undefined;
    if (mayClaim && this.#holders.get(connection)?.hasOwnId !== true)
      for (const clientId of clientIds)
        if (!this.#claims.has(clientId)) this.#hold(clientId, writer, undefined);
    // An id that was announced before it had content is to be kept from now on.
    for (const clientId of clientIds) this.#toBeKept(clientId);
  }

  /** The claims that are to outlive the room: of known users, on ids with content. They count as kept from now on. */
  kept(): OwnedId[] {
    const ids: OwnedId[] = [];
    for (const [clientId, claim] of this.#claims) {
      if (claim.owner.sub === undefined || !this.#hasContent(clientId)) continue;
      claim.isKept = true;
      const { owner, isLenient } = claim;
      ids.push({ clientId, owner, isLenient });
    }
    return ids;
  }

  /** Before anybody has claimed anything. */
  restore({ ids, isWhole }: { readonly ids: readonly OwnedId[]; readonly isWhole: boolean }): void {
    this.#isWhole = isWhole;
    for (const { clientId, ...claim } of ids)
      this.#claims.set(clientId, { ...claim, connection: undefined, isKept: true });
  }

  /** The connection has gone: what it claimed stays with its user and its device, or is free where no user is known. */
  release(connection: object | undefined): void {
    const holder = connection === undefined ? undefined : this.#holders.get(connection);
    if (connection === undefined || holder === undefined) return;
    this.#holders.delete(connection);
    for (const clientId of holder.ids) {
      const claim = this.#claims.get(clientId);
      if (claim?.connection === connection) this.#reserve(clientId, claim);
    }
  }

  /** `before`: the claim there is; its user keeps the id. */
  #hold(clientId: number, writer: Writer, before: Claim | undefined): void {
    const holder = this.#holderOf(writer);
    if (before?.connection !== undefined) this.#holders.get(before.connection)?.ids.delete(clientId);
    else if (before !== undefined) this.#noLongerEmpty(clientId, before);
    holder.ids.add(clientId);
    const { connection } = writer;
    const owner = before?.owner.sub === undefined ? holder.owner : before.owner;
    const isKept = before?.owner === owner && before.isKept && !before.isLenient;
    this.#claims.set(clientId, { owner, connection, isLenient: false, isKept });
  }

  #holderOf(writer: Writer): Holder {
    const connection = writer.connection ?? writer;
    let holder = this.#holders.get(connection);
    if (holder === undefined) {
      const { sub, device } = writer;
      holder = { owner: { sub, device }, ids: new Set(), hasOwnId: false };
      this.#holders.set(connection, holder);
    }
    return holder;
  }

  #reserve(clientId: number, claim: Claim): void {
    const { owner, isKept } = claim;
    if (owner.sub === undefined) return void this.#claims.delete(clientId);
    this.#claims.set(clientId, { owner, connection: undefined, isLenient: false, isKept });
    if (this.#hasContent(clientId)) this.#toBeKept(clientId);
    else this.#boundEmpty(clientId, owner.sub);
  }

  #toBeKept(clientId: number): void {
    const claim = this.#claims.get(clientId);
    if (claim?.owner.sub !== undefined && !claim.isKept) this.#changed();
  }

  /** O2: a user who claims too much loses their own oldest claims. Where the room is full of others', the new one is not kept. */
  #boundEmpty(clientId: number, sub: string): void {
    let ids = this.#empty.get(sub);
    if (ids === undefined) this.#empty.set(sub, (ids = new Set()));
    ids.add(clientId);
    this.#emptyCount++;
    while (ids.size > maxEmptyPerUser || this.#emptyCount > maxEmpty) {
      const [oldest] = ids;
      if (oldest === undefined) break;
      this.#dropEmpty(oldest, sub, ids);
      // Others of its user have brought content since.
      if (!this.#hasContent(oldest)) this.#claims.delete(oldest);
    }
  }

  #noLongerEmpty(clientId: number, { owner: { sub } }: Claim): void {
    const ids = sub === undefined ? undefined : this.#empty.get(sub);
    if (sub !== undefined && ids?.has(clientId) === true) this.#dropEmpty(clientId, sub, ids);
  }

  #dropEmpty(clientId: number, sub: string, ids: Set<number>): void {
    ids.delete(clientId);
    this.#emptyCount--;
    if (ids.size === 0) this.#empty.delete(sub);
  }
}

function isSameOwner(owner: Owner, { sub, device }: Writer): boolean {
  return (
    (owner.sub !== undefined && owner.sub === sub) || (owner.device !== undefined && owner.device === device)
  );
}
