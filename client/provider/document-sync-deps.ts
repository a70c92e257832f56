// What the sync of one document is made of.

import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { Position } from '../../shared/native/position.js';
import type { Connection, Welcome } from '../connection/connection.js';
import type { Tidying } from '../crdt/tidying.js';

export interface DocumentSyncDeps {
  readonly doc: Y.Doc;
  readonly name: string;
  /** Replaced when the document moves to another one. */
  connection: Connection;
  /** Another connection for the document, as it cannot be opened on this one for that reason; undefined where there is none. */
  readonly otherConnection?: ((why: ErrorCode) => Connection | undefined) | undefined;
  /**
   * Whether the document may be asked for from a server that has said this. While it may not, the document stays closed: it
   * is asked again with every connection. Default: always.
   */
  readonly mayOpen?: ((welcome: Welcome | undefined) => boolean) | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether a change with this origin is an edit to be sent; what was loaded from a copy is none. */
  readonly isEdit: (origin: unknown) => boolean;
  /** Tells what Yjs makes of its own accord. Whoever made it lets go of it. */
  readonly tidying: Tidying;
  /**
   * Where a copy of the document stood, when all that it had beyond that is handed to `restore`. Undefined when that is
   * not known: then the first sync compares.
   */
  readonly position?: Position | undefined;
}
