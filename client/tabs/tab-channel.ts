// One document among the tabs of one browser: they pass each other edits and awareness, with or without a server. Knows no
// network and no storage, and says nothing in a tab that may not read the document.

import { ObservableV2 } from 'lib0/observable';
import { encodeAwarenessUpdate, removeAwarenessStates, type Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { Clock, Timer } from '../../shared/clock.js';
import {
  browserBroadcastChannel,
  openTabMessages,
  type BroadcastChannelClass,
  type TabMessages,
} from '../platform/broadcast-channel.js';
import { browserLocks, tabLock, type Locks } from '../platform/locks.js';
import { randomId } from '../platform/random-id.js';
import { answerTo, mayLack, summaryOf, wantOf } from './comparison.js';
import { partsOf } from './parts.js';
import { Siblings, type Sibling } from './siblings.js';
import { applySiblingState, ownState, refreshOwnState } from './tab-awareness.js';
import { readMessage, writeMessage, type Saying, type Summary, type TabMessage } from './tab-messages.js';

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
  /** Where a change came from, by its transaction and that one's origin. derived: Yjs has made it of its own accord. */
  readonly kindOf: (origin: unknown, made: Y.Transaction) => 'edit' | 'derived' | 'server' | 'copy';
  readonly platform?: TabPlatform | undefined;
}

interface Events {
  /** A tab has gone that had edits which are not known to be durable: nobody else may bring them to the server. */
  orphaned: () => void;
  /** Something of another tab could not be taken, or not be said: the document is as it was. */
  error: (error: Error) => void;
}

/** While this tab takes part. */
interface Joined {
  readonly id: string;
  readonly messages: TabMessages;
  readonly leave: () => void;
  /** It has said hello; until then it says and hears nothing. */
  isHere: boolean;
  isLocked: boolean;
}

/** A tab that does not answer within this time is not waited for, ms: it may be frozen. */
const answerMs = 5_000;

/** The own lock is free; if it does not come within this time there are no locks to be had, ms. */
const lockMs = 1_000;

export class TabChannel extends ObservableV2<Events> {
  readonly #deps: TabChannelDeps;
  readonly #platform: TabPlatform;
  readonly #siblings: Siblings;
  readonly #onUpdate: (update: Uint8Array, origin: unknown, doc: Y.Doc, made: Y.Transaction) => void;
  readonly #onAwareness: (
    changes: Record<'added' | 'updated' | 'removed', number[]>,
    origin: unknown,
  ) => void;
  #joined: Joined | undefined;
  #state = { isSynced: false, hasUnsynced: false };
  /** There are edits that `setState` was not called for yet. */
  #hasEdits = false;
  /** The state as all were told last. */
  #told = '';
  /** To be said at the end of the turn. */
  #changes: Uint8Array[] = [];
  #isHelloDue = false;
  /** Something was kept to ourselves since the last hello: who answers that now does not know it. */
  #isHelloStale = false;
  #isFlushDue = false;
  /** The sibling that was asked for what is missing here. */
  #asked: { readonly id: string; readonly timer: Timer } | undefined;
  #isDestroyed = false;

  constructor(deps: TabChannelDeps) {
    super();
    this.#deps = deps;
    this.#platform = deps.platform ?? browserTabPlatform();
    this.#siblings = new Siblings(this.#platform.locks, {
      died: (sibling) => {
        // What it said last may have reached some and not others.
        this.#isHelloDue = true;
        this.#gone(sibling);
      },
      forgotten: (sibling) => this.#forgetAwareness(sibling),
    });
    this.#onUpdate = (update, origin, _doc, made) => this.#changed(update, origin, made);
    this.#onAwareness = ({ added, updated, removed }, origin) => {
      const { clientID } = deps.awareness;
      if (origin === this || ![added, updated, removed].some((ids) => ids.includes(clientID))) return;
      this.#say({ type: 'awareness', awareness: encodeAwarenessUpdate(deps.awareness, [clientID]) });
    };
    deps.doc.on('update', this.#onUpdate);
    deps.awareness.on('update', this.#onAwareness);
  }

  /** Awareness ids that siblings speak for. */
  get awarenessIds(): ReadonlySet<number> {
    return new Set([...this.#siblings].flatMap(({ awarenessIds }) => [...awarenessIds]));
  }

  /** From here on this tab may read: it asks the siblings for what it lacks, and they ask it. */
  join(): void {
    if (this.#joined !== undefined || this.#isDestroyed) return;
    const { channelName, random, clock } = this.#deps;
    const messages = openTabMessages(this.#platform.BroadcastChannel, channelName, (data) =>
      this.#hear(data),
    );
    if (messages === undefined) return;
    const timer = clock.after(lockMs, () => this.#enter(joined, false));
    let end = (): void => {};
    const left = new Promise<void>((resolve) => {
      end = resolve;
    });
    const leave = (): void => {
      timer.cancel();
      messages.close();
      end();
    };
    // Another id each time: what is still under way of the last time is not taken for this one.
    const joined: Joined = { id: randomId(random, 4), messages, leave, isHere: false, isLocked: false };
    this.#joined = joined;
    const enter = (isLocked: boolean): void => {
      timer.cancel();
      this.#enter(joined, isLocked);
    };
    this.#platform.locks
      .request(tabLock(joined.id), {}, async () => {
        // Held before the first word, so that nobody who hears it finds the lock free.
        enter(true);
        await left;
      })
      .catch(() => enter(false));
  }

  /** Hears and says nothing any more; the siblings forget its awareness, and it theirs. */
  leave(): void {
    const joined = this.#joined;
    if (joined === undefined) return;
    this.#flush();
    this.#say({ type: 'bye' });
    this.#joined = undefined;
    joined.leave();
    this.#stopAsking();
    this.#changes = [];
    this.#told = '';
    for (const { id, awarenessIds } of this.#siblings) {
      this.#forgetAwareness(this.#siblings.forget(id));
      // They will not count on for us: when we are back, what they show is to be taken at the same clock.
      for (const id of awarenessIds) this.#deps.awareness.meta.delete(id);
    }
  }

  /** Whether this tab hears the server itself, and how many of its edits are not durable there. */
  setState({ isSynced, unsynced }: { isSynced: boolean; unsynced: number }): void {
    // What the siblings heard of the server until now was not passed on to this one.
    if (this.#state.isSynced && !isSynced) this.#isHelloDue = true;
    this.#state = { isSynced, hasUnsynced: unsynced > 0 };
    this.#hasEdits = false;
    this.#flushSoon();
  }

  override destroy(): void {
    this.leave();
    this.#isDestroyed = true;
    this.#deps.doc.off('update', this.#onUpdate);
    this.#deps.awareness.off('update', this.#onAwareness);
    super.destroy();
  }

  #enter(joined: Joined, isLocked: boolean): void {
    if (this.#joined !== joined) return;
    joined.isLocked = isLocked;
    try {
      if (!joined.isHere) refreshOwnState(this.#deps.awareness);
    } catch (error) {
      // Of somebody who listens; here it would cost us the lock.
      this.#failed(error);
    }
    joined.isHere = true;
    this.#isHelloDue = false;
    this.#sayHello('hello');
  }

  #changed(update: Uint8Array, origin: unknown, made: Y.Transaction): void {
    if (origin === this || this.#joined?.isHere !== true) return;
    const kind = this.#deps.kindOf(origin, made);
    const listeners = [...this.#siblings].filter(({ state }) => kind !== 'server' || !state.isSynced);
    if (listeners.length === 0) {
      this.#isHelloStale = true;
      return;
    }
    if (kind === 'copy') this.#isHelloDue = true;
    else this.#changes.push(update);
    if (kind === 'edit') this.#hasEdits = true;
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (this.#joined?.isHere !== true) return;
    const changes = this.#changes.splice(0);
    const isHelloDue = this.#isHelloDue;
    this.#isHelloDue = false;
    if (this.#siblings.size === 0) return;
    if (changes.length > 0)
      this.#sayParts({ type: 'update' }, changes.length === 1 ? changes[0]! : Y.mergeUpdates(changes));
    if (isHelloDue) this.#sayHello('hello');
    else if (this.#told !== JSON.stringify(this.#stateOf(this.#joined))) this.#say({ type: 'state' });
  }

  #sayHello(type: 'hello' | 'here', to?: string): void {
    const { doc, awareness } = this.#deps;
    if (type === 'hello') {
      this.#isHelloStale = false;
      for (const sibling of this.#siblings) sibling.hasTold = false;
    }
    this.#say({ type, to, summary: summaryOf(doc), awareness: ownState(awareness) });
  }

  #sayParts(head: { type: 'update' } | { type: 'missing'; to: string }, update: Uint8Array): void {
    for (const part of partsOf(update)) this.#say({ ...head, ...part });
  }

  #say(saying: Saying): void {
    const joined = this.#joined;
    if (joined?.isHere !== true) return;
    const state = this.#stateOf(joined);
    if (saying.to === undefined) this.#told = JSON.stringify(state);
    try {
      joined.messages.post(writeMessage({ ...saying, from: joined.id, state }));
    } catch (error) {
      this.#failed(error);
    }
  }

  #stateOf({ isLocked }: Joined): TabMessage['state'] {
    const { isSynced, hasUnsynced } = this.#state;
    return { isSynced, hasUnsynced: hasUnsynced || this.#hasEdits, isLocked };
  }

  #hear(data: unknown): void {
    const message = readMessage(data);
    const joined = this.#joined;
    if (message === undefined || joined?.isHere !== true || message.from === joined.id) return;
    const sibling = this.#siblings.heard(message.from, message.state);
    if (message.to !== undefined && message.to !== joined.id) return;
    try {
      this.#handle(message, sibling);
    } catch (error) {
      this.#failed(error);
    }
  }

  #handle(message: TabMessage, sibling: Sibling): void {
    const { doc } = this.#deps;
    switch (message.type) {
      case 'state':
        return;
      case 'hello':
        this.#sayHello('here', sibling.id);
        return this.#met(sibling, message);
      case 'here':
        this.#isHelloDue ||= this.#isHelloStale;
        this.#flushSoon();
        return this.#met(sibling, message);
      case 'want':
        return this.#sayParts({ type: 'missing', to: sibling.id }, answerTo(doc, message));
      case 'missing':
      case 'update':
        return this.#take(message, sibling);
      case 'awareness':
        return applySiblingState(this.#deps.awareness, message.awareness, sibling.awarenessIds, this);
      case 'bye':
        // Who was to tell what is missing here has not; or it has told it here, and not to who came meanwhile.
        if (this.#asked?.id === sibling.id || sibling.summary !== undefined || sibling.hasTold)
          this.#isHelloDue = true;
        this.#siblings.forget(sibling.id);
        return this.#gone(sibling);
    }
  }

  #met(
    sibling: Sibling,
    { summary, awareness }: { summary: Summary; awareness?: Uint8Array | undefined },
  ): void {
    sibling.summary = summary;
    try {
      if (awareness !== undefined)
        applySiblingState(this.#deps.awareness, awareness, sibling.awarenessIds, this);
    } finally {
      this.#ask();
    }
  }

  /** One after the other: what the first has told, the next need not tell again. */
  #ask(): void {
    if (this.#asked !== undefined) return;
    const { doc, clock } = this.#deps;
    for (const sibling of this.#siblings) {
      const { id, summary } = sibling;
      sibling.summary = undefined;
      if (summary === undefined || !mayLack(doc, summary)) continue;
      this.#asked = { id, timer: clock.after(answerMs, () => this.#askNext()) };
      return this.#say({ type: 'want', to: id, ...wantOf(doc, summary) });
    }
  }

  #askNext(): void {
    this.#stopAsking();
    this.#ask();
  }

  #stopAsking(): void {
    this.#asked?.timer.cancel();
    this.#asked = undefined;
  }

  #take(message: Extract<TabMessage, { type: 'missing' | 'update' }>, sibling: Sibling): void {
    const isAnswer = message.type === 'missing' && message.isLast && this.#asked?.id === sibling.id;
    try {
      const update = sibling.reader.add(message);
      if (update === undefined || update.length === 0) return;
      sibling.hasTold = true;
      Y.applyUpdate(this.#deps.doc, update, this);
    } finally {
      if (isAnswer) this.#askNext();
    }
  }

  #gone(sibling: Sibling): void {
    this.#forgetAwareness(sibling);
    if (this.#asked?.id === sibling.id) this.#askNext();
    if (this.#isHelloDue) this.#flushSoon();
    if (sibling.state.hasUnsynced) this.emit('orphaned', []);
  }

  #forgetAwareness(sibling: Sibling | undefined): void {
    const spoken = this.awarenessIds;
    const ids = [...(sibling?.awarenessIds ?? [])].filter((id) => !spoken.has(id));
    removeAwarenessStates(this.#deps.awareness, ids, this);
  }

  #failed(thrown: unknown): void {
    this.emit('error', [thrown instanceof Error ? thrown : new Error(String(thrown))]);
  }
}
