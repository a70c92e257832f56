// Which changes of the document are passed on to the siblings, joined over a turn.

import * as Y from 'yjs';
import { partsOf } from './parts.js';
import type { Siblings } from './siblings.js';
import type { TabComparison } from './tab-comparison.js';
import type { Saying } from './tab-messages.js';

/**
 * Where a change came from: made here, made by Yjs of its own accord, from the server, or loaded from the copy on this
 * device.
 */
export type ChangeKind = 'edit' | 'derived' | 'server' | 'copy';

export interface TabEditsDeps {
  readonly siblings: Siblings;
  readonly comparison: TabComparison;
  readonly say: (saying: Saying) => void;
  /** Something is to be said at the end of the turn. */
  readonly due: () => void;
}

export class TabEdits {
  readonly #deps: TabEditsDeps;
  #changes: Uint8Array[] = [];

  constructor(deps: TabEditsDeps) {
    this.#deps = deps;
  }

  /** Returns whether the siblings will hear of it. */
  changed(update: Uint8Array, kind: ChangeKind): boolean {
    const { siblings, comparison, due } = this.#deps;
    const isWanted = [...siblings].some(({ state }) => kind !== 'server' || !state.isSynced);
    if (!isWanted) comparison.note('kept');
    else if (kind === 'copy') comparison.note('untold');
    else this.#changes.push(update);
    if (isWanted) due();
    return isWanted;
  }

  /** At the end of a turn. */
  flush(): void {
    const changes = this.#changes.splice(0);
    if (changes.length === 0 || this.#deps.siblings.size === 0) return;
    const update = changes.length === 1 ? changes[0]! : Y.mergeUpdates(changes);
    for (const part of partsOf(update)) this.#deps.say({ type: 'update', ...part });
  }

  /** This tab has left: nobody is to hear of what was made since. */
  left(): void {
    this.#changes = [];
  }
}
