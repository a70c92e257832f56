// What a document holds, whatever it is made of, as the sync sees it: a Y.Doc that is open, or the bytes of one that is not.

import type { ContentLimits } from '../crdt/content-faults.js';
import type { Ranges } from '../crdt/content-ids.js';
import type { Fitted } from '../crdt/fit-update.js';
import type { LostValue } from '../crdt/lost-content.js';

/** Changes made here: by the user, or by the content of its own accord (K10). */
export type MadeHere = 'edit' | 'derived';

export interface ContentEvents {
  made: (update: Uint8Array, kind: MadeHere) => void;
  /** By whomever. Told after `made`. */
  changed: () => void;
}

export interface DocumentContent {
  /** As `opened` names it. */
  readonly kind: string;
  /** Nothing is in it, not even what waits for something else. */
  readonly isEmpty: boolean;
  /** What it has, for the other side to compare with. */
  stateVector(): Uint8Array;
  /** What another one with this state vector lacks, with all deletions. */
  since(stateVector: Uint8Array): Uint8Array;
  /**
   * What the other side lacks, which has this state vector and the deletions of its answer; undefined for nothing. To be
   * asked when the answer is applied.
   */
  missing(stateVector: Uint8Array, answer: readonly Uint8Array[]): Uint8Array | undefined;
  /**
   * Takes the parts of an answer, or one update, as one change that comes from the server. `isWhole`: no part is missing.
   * Throws what kept them from being taken.
   */
  apply(parts: readonly Uint8Array[], isWhole: boolean): void;
  /** Somebody else writes under the same id: from here on what is made here has another one. */
  takeAnotherId(): void;
  /**
   * Whether what an update of it deletes is nobody's edit: Yjs has deleted marks that change nothing (K10). As `isTidied`.
   */
  isTidied(update: Uint8Array, known: readonly Uint8Array[], mayGuess: boolean): boolean;
  /**
   * An update of it as it is to be sent, and what of that the server would refuse. `givenUp`: what it has refused before.
   * `commentRoots`: as for fitUpdate.
   */
  fit(update: Uint8Array, limits: ContentLimits, givenUp: Ranges, commentRoots?: ReadonlySet<string>): Fitted;
  /** Whether nothing is left here of what had these ids. */
  areDeleted(ids: Ranges): boolean;
  /** Deletes what has these ids, in one change, and tells what it was. */
  takeOut(ids: Ranges): LostValue[];
  on<Name extends keyof ContentEvents>(name: Name, listener: ContentEvents[Name]): unknown;
  off<Name extends keyof ContentEvents>(name: Name, listener: ContentEvents[Name]): void;
}
