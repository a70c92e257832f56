// The stay of one visitor at one document: asked for, given the room, over. The owner of what has to come in pairs: the
// hooks that are told who has come and who has gone, the roster, and the use of the room.

import type { Room } from '../room/room.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { Rosters } from '../roster/rosters.js';
import type { Stay } from '../roster/stay.js';
import type { RoomFanout } from './room-fanout.js';
import type { Logger } from '../../shared/logger.js';
import type { Visitor } from './visitor.js';

/** What all visits of a server share. */
export interface VisitDeps {
  readonly registry: RoomRegistry<RoomFanout>;
  readonly logger: Logger;
  /** The last check before the document is opened. Rejects with SyncError. */
  readonly connected: (visitor: Visitor) => Promise<void>;
  /** A visitor that was let in has gone. */
  readonly disconnected: (visitor: Visitor) => void;
  /** Where who is here is kept. Default: nowhere. */
  readonly rosters?: Rosters | undefined;
}

/**
 * outside: the last check is under way. loading: the visitor was let in, the room is being opened. inside: the visitor has
 * the room. over: nothing is held any more.
 */
type State = 'outside' | 'loading' | 'inside' | 'over';

export class Visit {
  readonly #deps: VisitDeps;
  readonly #visitor: Visitor;
  #state: State = 'outside';
  #room: Room<RoomFanout> | undefined;
  #stay: Stay | undefined;

  constructor(deps: VisitDeps, visitor: Visitor) {
    this.#deps = deps;
    this.#visitor = visitor;
  }

  /** The room; undefined when the visit is over before it is there. Join it in the same turn. Rejects with SyncError. */
  async enter(): Promise<Room<RoomFanout> | undefined> {
    const { registry, connected, disconnected } = this.#deps;
    await connected(this.#visitor);
    if (this.#isOver) {
      disconnected(this.#visitor);
      return undefined;
    }
    this.#state = 'loading';
    const room = await registry.open(this.#visitor.document);
    if (this.#isOver) {
      registry.released(room);
      return undefined;
    }
    this.#state = 'inside';
    this.#room = room;
    const { document } = this.#visitor;
    this.#stay = this.#deps.rosters?.enter(this.#visitor, document, () => room.progress.head > 0);
    this.#log('a document was opened');
    return room;
  }

  /** In the roster; undefined before the visitor is inside, and for nobody. */
  get stay(): Stay | undefined {
    return this.#stay;
  }

  /** Leave the room first. */
  end(): void {
    const before = this.#state;
    this.#state = 'over';
    if (this.#stay !== undefined) this.#deps.rosters?.leave(this.#stay);
    this.#stay = undefined;
    if (this.#room !== undefined) this.#deps.registry.released(this.#room);
    this.#room = undefined;
    if (before === 'inside') this.#log('a document was left');
    if (before === 'loading' || before === 'inside') this.#deps.disconnected(this.#visitor);
  }

  #log(message: string): void {
    const { connectionId: connection, document, claims, remoteAddress: address } = this.#visitor;
    this.#deps.logger.debug({ connection, document, sub: claims.sub, address }, message);
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }
}
