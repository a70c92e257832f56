// Which connection a Yjs client id belongs to, so that nobody writes under somebody else's (C3). Owns the claims of one
// room; knows nothing of updates.
//
// A Yjs update is not signed: whoever may write can invent structs under any client id, and ones on clocks its owner has
// not used yet would erase the owner's offline edits. Yet others may rightly bring them: another tab of the same user, or
// anybody after the server lost its tail. So a claim binds only what is known: while the claiming connection is open,
// the id is its own (and its user's); after that it stays reserved to the user, if the user is known.

import type { Writer } from './writer.js';

interface Claim {
  /** Undefined once the connection has closed. */
  connection: object | undefined;
  readonly sub: string | undefined;
  /** Made by announcing the id in awareness, which only the id's own Y.Doc does; else by a live edit. */
  readonly isAnnounced: boolean;
}

/** Claims of closed connections that are kept. */
const maxReserved = 10_000;

export class ClientIdOwners {
  /** Those of closed connections in the order in which they were closed. */
  readonly #claims = new Map<number, Claim>();
  #reserved = 0;

  /** Whether structs under this client id may not come from this writer. */
  isForeign(clientId: number, writer: Writer): boolean {
    const claim = this.#claims.get(clientId);
    // The server itself brings what an embedder gives it, whoever wrote that.
    if (claim === undefined || writer.connection === undefined) return false;
    if (claim.connection === writer.connection) return false;
    if (claim.sub !== undefined && claim.sub === writer.sub) return false;
    return claim.connection !== undefined || claim.sub !== undefined;
  }

  /** The connection announced the id as its own awareness id. */
  announce(clientId: number, writer: Writer): void {
    if (writer.connection === undefined) return;
    const claim = this.#claims.get(clientId);
    if (claim !== undefined && this.isForeign(clientId, writer)) {
      // A live edit is weak evidence: a page that loads another one's offline copy sends its edits as if they were live.
      // It has a client id of its own, though, and then loses against whoever announces this one.
      if (claim.isAnnounced || !this.#announcedAnother(claim, clientId)) return;
    }
    this.#set(clientId, { connection: writer.connection, sub: writer.sub, isAnnounced: true });
  }

  /** The connection sent a live edit whose structs are all under this id. */
  edited(clientId: number, writer: Writer): void {
    if (writer.connection === undefined) return;
    const claim = this.#claims.get(clientId);
    if (claim === undefined) {
      this.#set(clientId, { connection: writer.connection, sub: writer.sub, isAnnounced: false });
    } else if (claim.connection === undefined && !this.isForeign(clientId, writer)) {
      this.#set(clientId, { connection: writer.connection, sub: writer.sub, isAnnounced: claim.isAnnounced });
    }
  }

  /** The connection has gone: what it claimed stays reserved to its user, or is free. */
  release(connection: object | undefined): void {
    if (connection === undefined) return;
    for (const [clientId, claim] of this.#claims) {
      if (claim.connection !== connection) continue;
      this.#claims.delete(clientId);
      if (claim.sub === undefined) continue;
      claim.connection = undefined;
      this.#claims.set(clientId, claim);
      this.#reserved++;
    }
    for (const [clientId, claim] of this.#claims) {
      if (this.#reserved <= maxReserved) break;
      if (claim.connection !== undefined) continue;
      this.#claims.delete(clientId);
      this.#reserved--;
    }
  }

  #set(clientId: number, claim: Claim): void {
    const before = this.#claims.get(clientId);
    if (before !== undefined && before.connection === undefined) this.#reserved--;
    this.#claims.set(clientId, claim);
  }

  #announcedAnother(of: Claim, clientId: number): boolean {
    for (const [id, claim] of this.#claims) {
      if (id !== clientId && claim.isAnnounced && claim.connection === of.connection) return true;
    }
    return false;
  }
}
