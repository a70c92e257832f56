// One document among the tabs of one browser: they pass each other edits and awareness, with or without a server. Knows no
// network and no storage, and says nothing in a tab that may not read the document. This file puts the parts together:
// TabPlace (whether this tab takes part), Siblings (who is there), TabEdits, TabComparison and TabAwareness.

import { GuardedObservable } from '../platform/guarded.js';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import { writtenTwice, type WrittenRange } from '../crdt/written-here.js';
import { browserBroadcastChannel, type BroadcastChannelClass } from '../platform/broadcast-channel.js';
import { browserLocks, type Locks } from '../platform/locks.js';
import { OwedEdits } from './owed-edits.js';
import { Siblings, type Sibling } from './siblings.js';
import { TabAwareness } from './tab-awareness.js';
import { TabComparison } from './tab-comparison.js';
import { TabEdits, type ChangeKind } from './tab-edits.js';
import {
  readMessage,
  writeMessage,
  type Greeting,
  type Saying,
  type TabMessage,
  type TabState,
} from './tab-messages.js';
import { TabPlace } from './tab-place.js';

/** What a tab channel needs of the browser; without a BroadcastChannel nobody else is there. */
export interface TabPlatform {
  readonly BroadcastChannel?: BroadcastChannelClass | undefined;
  readonly locks: Locks;
}

export function browserTabPlatform(): TabPlatform {
  return { BroadcastChannel: browserBroadcastChannel(), locks: browserLocks() };
}

export interface TabChannelDeps {
  /** The same for all tabs that may exchange this document. */
  readonly channelName: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Where a change came from, by its transaction and that one's origin. */
  readonly kindOf: (origin: unknown, made: Y.Transaction) => ChangeKind;
  /** What this tab itself has written. Default: nothing. */
  readonly written?: (() => readonly WrittenRange[]) | undefined;
  readonly platform?: TabPlatform | undefined;
}

interface Events {
  /**
   * This tab shows what another one had, and that one does not bring it to the server, or nobody knows whether it does: this tab
   * is to find out what the server lacks, and bring it.
   */
  orphaned: () => void;
  /** `isOwed` is another. */
  owed: () => void;
  /** Something of another tab could not be taken, or not be said: the document is as it was. */
  error: (error: Error) => void;
  /** The document has another client id, because another tab has the one that it had. */
  'client-id': () => void;
  /** A sibling has written under the same ids as this tab, before they knew of each other. Told again when they meet again. */
  conflict: (clientId: number) => void;
}

/** The channels of one Y.Doc: an application can hand it to several providers. */
const sharers = new WeakMap<Y.Doc, Set<TabChannel>>();

function sharersOf(doc: Y.Doc): Set<TabChannel> {
  const all = sharers.get(doc) ?? new Set();
  sharers.set(doc, all);
  return all;
}

export class TabChannel extends GuardedObservable<Events> {
  readonly #deps: TabChannelDeps;
  readonly #place: TabPlace;
  readonly #siblings: Siblings;
  readonly #edits: TabEdits;
  readonly #comparison: TabComparison;
  readonly #awareness: TabAwareness;
  readonly #owed: OwedEdits;
  readonly #written: () => readonly WrittenRange[];
  readonly #onUpdate: (update: Uint8Array, origin: unknown, doc: Y.Doc, made: Y.Transaction) => void;
  #isSynced = false;
  /** It has something that is not known to be durable; edits count too that `setState` was not called for yet. */
  #hasUnsynced = false;
  /** This tab's state as all were told last. */
  #toldState = '';
  #isFlushDue = false;

  constructor(deps: TabChannelDeps) {
    super();
    this.#deps = deps;
    const { doc, awareness, clock, random, channelName, platform = browserTabPlatform() } = deps;
    const say = (saying: Saying): void => this.#say(saying);
    const due = (): void => this.#flushSoon();
    this.#place = new TabPlace({
      channelName,
      BroadcastChannel: platform.BroadcastChannel,
      locks: platform.locks,
      clock,
      random,
      entering: () => this.#entering(),
      entered: () => this.#comparison.greet('hello'),
      heard: (data) => this.#hear(data),
    });
    sharersOf(doc).add(this);
    this.#siblings = new Siblings(platform.locks, {
      died: (sibling) => this.#gone(sibling, false),
      forgotten: (sibling) => {
        this.#awareness.forget(sibling);
        this.#owed.gone(sibling);
      },
    });
    const siblings = this.#siblings;
    this.#owed = new OwedEdits({
      clock,
      isSynced: () => this.#isSynced,
      changed: () => this.emit('owed', []),
      takeOver: () => this.emit('orphaned', []),
    });
    this.#awareness = new TabAwareness({
      awareness,
      siblings,
      say: (update) => this.#say({ type: 'awareness', awareness: update }),
      origin: this,
    });
    this.#written = deps.written ?? ((): readonly WrittenRange[] => []);
    const greeting = (): Omit<Greeting, 'summary'> => ({
      awareness: this.#awareness.own,
      written: this.#written(),
    });
    this.#comparison = new TabComparison({ doc, clock, siblings, say, due, greeting, origin: this });
    this.#edits = new TabEdits({ siblings, comparison: this.#comparison, say, due });
    this.#onUpdate = (update, origin, _doc, made) => this.#changed(update, origin, made);
    doc.on('update', this.#onUpdate);
  }

  /** Awareness ids that siblings speak for. */
  get awarenessIds(): ReadonlySet<number> {
    return this.#awareness.ids;
  }

  /** It shows what a sibling has not brought to the server yet. */
  get isOwed(): boolean {
    return this.#owed.isOwed;
  }

  /** From here on this tab may read: it asks the siblings for what it lacks, and they ask it. */
  join(): void {
    this.#place.join();
  }

  /** Hears and says nothing any more; the siblings forget its awareness, and it theirs. */
  leave(): void {
    this.#flush();
    this.#say({ type: 'bye' });
    this.#place.leave();
    this.#comparison.left();
    this.#edits.left();
    this.#toldState = '';
    for (const { id } of this.#siblings) {
      const sibling = this.#siblings.forget(id);
      if (sibling !== undefined) this.#awareness.left(sibling);
    }
    // Whatever becomes of it, this tab does not hear of it.
    this.#owed.takeOver();
  }

  /** Whether this tab hears the server itself, and whether it has, or may have, what the server lacks. */
  setState({ isSynced, hasUnsynced }: Pick<TabState, 'isSynced' | 'hasUnsynced'>): void {
    // What the siblings heard of the server until now was not passed on to this one.
    if (this.#isSynced && !isSynced) this.#comparison.note('untold');
    const isSame = isSynced === this.#isSynced && hasUnsynced === this.#hasUnsynced;
    this.#isSynced = isSynced;
    this.#hasUnsynced = hasUnsynced;
    this.#owed.look();
    if (!isSame) this.#flushSoon();
  }

  /** Tells the siblings what this tab has, and what it has written. */
  tell(): void {
    this.#comparison.note('untold');
  }

  override destroy(): void {
    this.leave();
    this.#owed.destroy();
    sharersOf(this.#deps.doc).delete(this);
    this.#place.destroy();
    this.#deps.doc.off('update', this.#onUpdate);
    this.#comparison.destroy();
    this.#awareness.destroy();
    super.destroy();
  }

  #entering(): void {
    try {
      this.#awareness.refresh();
    } catch (error) {
      // Of somebody who listens.
      this.#failed(error);
    }
  }

  #changed(update: Uint8Array, origin: unknown, made: Y.Transaction): void {
    if (origin === this || !this.#place.isHere) return;
    const kind = this.#deps.kindOf(origin, made);
    const isTold = this.#edits.changed(update, kind);
    if (isTold && kind === 'edit') this.#hasUnsynced = true;
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (!this.#place.isHere) return;
    this.#edits.flush();
    const isToldAll = this.#comparison.flush();
    if (!isToldAll && this.#siblings.size > 0 && this.#toldState !== JSON.stringify(this.#state))
      this.#say({ type: 'state' });
  }

  #say(saying: Saying): void {
    const from = this.#place.id;
    if (from === undefined || !this.#place.isHere) return;
    const state = this.#state;
    if (saying.to === undefined) this.#toldState = JSON.stringify(state);
    try {
      this.#place.post(writeMessage({ ...saying, from, state }));
    } catch (error) {
      this.#failed(error);
    }
  }

  get #state(): TabState {
    return {
      isSynced: this.#isSynced,
      hasUnsynced: this.#hasUnsynced,
      isLocked: this.#place.isLocked,
      clientId: this.#deps.doc.clientID,
    };
  }

  #hear(data: unknown): void {
    const message = readMessage(data);
    const id = this.#place.id;
    if (message === undefined || id === undefined || this.#isOfThisDocument(message.from)) return;
    const sibling = this.#siblings.heard(message.from, message.state);
    this.#owed.heard(sibling);
    this.#compareClientIds(sibling, id);
    if (message.to !== undefined && message.to !== id) return;
    if (message.type !== 'state') this.#owed.told(sibling);
    try {
      this.#handle(message, sibling);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** It is from here, or from another channel of the same Y.Doc, which has and is what this one has and is. */
  #isOfThisDocument(id: string): boolean {
    return [...sharersOf(this.#deps.doc)].some((channel) => channel.#place.id === id);
  }

  #handle(message: TabMessage, sibling: Sibling): void {
    switch (message.type) {
      case 'state':
        return;
      case 'hello':
        this.#comparison.greet('here', sibling.id);
        return this.#met(sibling, message);
      case 'here':
        this.#comparison.note('met');
        return this.#met(sibling, message);
      case 'want':
        this.#owed.passedOn(sibling);
        return this.#comparison.answer(sibling, message);
      case 'missing':
      case 'update':
        return this.#comparison.take(sibling, message, message.type === 'missing');
      case 'awareness':
        return this.#awareness.take(sibling, message.awareness);
      case 'bye':
        this.#siblings.forget(sibling.id);
        return this.#gone(sibling, true);
    }
  }

  #met(sibling: Sibling, message: Extract<TabMessage, { type: 'hello' | 'here' }>): void {
    const twice = writtenTwice(this.#written(), message.written);
    if (twice !== undefined) this.emit('conflict', [twice]);
    try {
      this.#awareness.take(sibling, message.awareness);
    } finally {
      this.#comparison.met(sibling, message.summary);
    }
  }

  /** Two tabs that have the same client id draw lots: one of them takes another, before it writes if it can. */
  #compareClientIds({ id, state }: Sibling, ownId: string): void {
    const { doc, random } = this.#deps;
    if (state.clientId !== doc.clientID) return;
    // The others may have taken the sibling's awareness for this tab's.
    if (ownId < id) return this.#awareness.refresh();
    doc.clientID = Math.floor(random() * 2 ** 32);
    this.emit('client-id', []);
    // Whoever has written under the same id meanwhile is told of it.
    this.#comparison.note('untold');
  }

  #gone(sibling: Sibling, isOrderly: boolean): void {
    this.#awareness.forget(sibling);
    this.#comparison.gone(sibling, isOrderly);
    this.#owed.gone(sibling);
  }

  #failed(thrown: unknown): void {
    this.emit('error', [thrown instanceof Error ? thrown : new Error(String(thrown))]);
  }
}
