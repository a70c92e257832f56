// A browser of several tabs in memory: BroadcastChannel, localStorage and Web Locks, each tab with objects of its own, and
// tabs that die without a word.

import type { BroadcastChannelClass } from '../../client/platform/broadcast-channel.js';
import type { Locks } from '../../client/platform/locks.js';
import type { Clock } from '../../shared/clock.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import { settled } from './turns.js';

interface Channel {
  readonly tab: FakeTab;
  readonly name: string;
  readonly listeners: Set<(event: { data: unknown }) => void>;
  isOpen: boolean;
}

/** Messages on their way from one to another, in order. */
interface Way {
  readonly from: Channel;
  readonly to: Channel;
  queue: unknown[];
}

interface LockRequest {
  readonly tab: FakeTab;
  readonly name: string;
  readonly isShared: boolean;
  isHeld: boolean;
  readonly grant: () => void;
  readonly deny: (error: Error) => void;
}

export interface FakeBrowserOptions {
  readonly clock?: FakeClock;
  /** Without Web Locks, as in older browsers, everybody gets every lock. */
  readonly hasLocks?: boolean;
  /** Picks which of several messages from different tabs comes first: a number below the count. */
  readonly pick?: (count: number) => number;
}

export class FakeBrowser {
  readonly clock: FakeClock;
  readonly hasLocks: boolean;
  readonly storage = new Map<string, string>();
  readonly tabs = new Set<FakeTab>();
  readonly channels: Channel[] = [];
  /** By name, in order; the first ones have it. */
  readonly locks = new Map<string, LockRequest[]>();
  /** All that was posted, as it was posted. */
  readonly posted: { readonly channel: string; readonly data: unknown }[] = [];
  /** Those with a message. */
  #ways: Way[] = [];
  readonly #wayBetween = new WeakMap<Channel, WeakMap<Channel, Way>>();
  readonly #pick: (count: number) => number;

  constructor({ clock = createFakeClock(), hasLocks = true, pick = () => 0 }: FakeBrowserOptions = {}) {
    this.clock = clock;
    this.hasLocks = hasLocks;
    this.#pick = pick;
  }

  open(): FakeTab {
    const tab = new FakeTab(this);
    this.tabs.add(tab);
    return tab;
  }

  post(from: Channel, message: unknown): void {
    if (!from.isOpen) throw new DOMException('the channel is closed', 'InvalidStateError');
    const data: unknown = structuredClone(message);
    this.posted.push({ channel: from.name, data });
    for (const to of this.channels) {
      if (to === from || to.name !== from.name) continue;
      const way = this.#way(from, to);
      if (way.queue.push(data) === 1) this.#ways.push(way);
    }
  }

  /** Delivers the first message from one tab to another; false when none is on its way to a tab that runs. */
  deliver(): boolean {
    const ways = this.#open;
    const way = ways[this.#pick(ways.length)];
    if (way === undefined) return false;
    const { queue, to } = way;
    this.#ways.splice(this.#ways.indexOf(way), 1);
    const data = queue.shift();
    // The others have their turn before the next of this one.
    if (queue.length > 0) this.#ways.push(way);
    if (to.isOpen && to.tab.isAlive) for (const listener of to.listeners) listener({ data });
    return true;
  }

  /** Until nothing is on its way any more; time stands still. */
  async settle(): Promise<void> {
    do {
      while (this.deliver()) await Promise.resolve();
      await settled();
    } while (this.#open.length > 0);
  }

  /** Those on which something can arrive: a frozen tab hears what was said meanwhile when it runs again. */
  get #open(): readonly Way[] {
    return this.#ways.filter(({ to }) => !to.tab.isFrozen);
  }

  /** Moves the clock on in steps, and delivers after each. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    await this.settle();
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  /** Gives a lock to whoever is next, as the standard has it: in order, shared ones together. */
  grant(name: string): void {
    const requests = this.locks.get(name) ?? [];
    for (const [at, request] of requests.entries()) {
      const isFree = request.isShared ? requests.slice(0, at).every(({ isShared }) => isShared) : at === 0;
      if (!isFree) return;
      if (request.isHeld) continue;
      request.isHeld = true;
      request.grant();
    }
  }

  locksOf(tab: FakeTab): LockRequest[] {
    return [...this.locks.values()].flat().filter((request) => request.tab === tab);
  }

  #way(from: Channel, to: Channel): Way {
    const ways = this.#wayBetween.get(from) ?? new WeakMap<Channel, Way>();
    this.#wayBetween.set(from, ways);
    const way = ways.get(to) ?? { from, to, queue: [] };
    ways.set(to, way);
    return way;
  }

  /** What of a killed tab was on its way is lost, or not; what it said before it closed a channel in order is not. */
  drop(tab: FakeTab, isLost: (data: unknown) => boolean): void {
    for (const way of this.#ways)
      if (way.from.tab === tab && way.from.isOpen) way.queue = way.queue.filter((data) => !isLost(data));
    this.#ways = this.#ways.filter(({ queue }) => queue.length > 0);
  }
}

/** One tab: give its platform and its clock to what is to run in it. */
export class FakeTab {
  readonly browser: FakeBrowser;
  readonly clock: Clock;
  readonly BroadcastChannel: BroadcastChannelClass;
  readonly locks: Locks;
  readonly localStorage = {
    getItem: (key: string): string | null => this.browser.storage.get(key) ?? null,
    setItem: (key: string, value: string): void =>
      this.#store(key, () => this.browser.storage.set(key, value)),
    removeItem: (key: string): void => this.#store(key, () => this.browser.storage.delete(key)),
    clear: (): void => this.#store(null, () => this.browser.storage.clear()),
  };
  readonly storageListeners = new Set<(key: string | null) => void>();
  isAlive = true;
  #isFrozen = false;
  /** What was to run while it was frozen, in order. */
  #deferred: (() => void)[] = [];

  constructor(browser: FakeBrowser) {
    this.browser = browser;
    this.clock = this.#ownClock(browser.clock);
    this.locks = browser.hasLocks ? this.#ownLocks() : noLocks;
    this.BroadcastChannel = this.#channels();
  }

  readonly addStorageListener = (listener: (key: string | null) => void): (() => void) => {
    this.storageListeners.add(listener);
    return () => this.storageListeners.delete(listener);
  };

  /** Ends it without a word: nothing in it runs any more, and its locks are let go of. `isLost`: what it said last, too. */
  kill(isLost: (data: unknown) => boolean = () => false): void {
    this.isAlive = false;
    this.browser.tabs.delete(this);
    this.browser.drop(this, isLost);
    for (const channel of this.browser.channels.filter(({ tab }) => tab === this)) this.#close(channel);
    for (const request of this.browser.locksOf(this)) this.#release(request);
  }

  /** Nothing runs in it for now, and it hears nothing; all of that comes when it thaws. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  set isFrozen(isFrozen: boolean) {
    this.#isFrozen = isFrozen;
    while (!this.#isFrozen && this.#deferred.length > 0) this.run(this.#deferred.shift()!);
  }

  /** Runs it in this tab: now, when the tab thaws, or never, when it is dead. */
  run(what: () => void): void {
    if (this.#isFrozen) this.#deferred.push(what);
    else if (this.isAlive) what();
  }

  /** What it holds of the browser. */
  get holdings(): { channels: number; locks: number; listeners: number } {
    return {
      channels: this.browser.channels.filter(({ tab }) => tab === this).length,
      locks: this.browser.locksOf(this).length,
      listeners: this.storageListeners.size,
    };
  }

  #ownClock(clock: FakeClock): Clock {
    const inTab = (run: () => void) => () => this.run(run);
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => {
        let isCancelled = false;
        const timer = clock.after(
          ms,
          inTab(() => isCancelled || run()),
        );
        const cancel = (): void => {
          isCancelled = true;
          timer.cancel();
        };
        return { cancel };
      },
      every: (ms, run) => clock.every(ms, inTab(run)),
      soon: (run) => clock.soon(inTab(run)),
    };
  }

  #channels(): BroadcastChannelClass {
    const { browser } = this;
    const close = (channel: Channel): void => this.#close(channel);
    const create = (name: string): Channel => {
      const channel: Channel = { tab: this, name, listeners: new Set(), isOpen: true };
      browser.channels.push(channel);
      return channel;
    };
    return class {
      readonly #channel: Channel;

      constructor(name: string) {
        this.#channel = create(name);
      }

      addEventListener(_type: 'message', listener: (event: { data: unknown }) => void): void {
        this.#channel.listeners.add(listener);
      }

      postMessage(message: unknown): void {
        browser.post(this.#channel, message);
      }

      close(): void {
        close(this.#channel);
      }
    };
  }

  #close(channel: Channel): void {
    channel.isOpen = false;
    const at = this.browser.channels.indexOf(channel);
    if (at >= 0) this.browser.channels.splice(at, 1);
  }

  #ownLocks(): Locks {
    return {
      request: async (name, { mode = 'exclusive', signal, ifAvailable = false }, run) => {
        if (ifAvailable && signal !== undefined)
          throw new DOMException('both signal and ifAvailable', 'NotSupportedError');
        if (ifAvailable && this.browser.locks.has(name)) return run(false);
        await this.#lock(name, mode === 'shared', signal, run);
      },
      held: async () => new Set(this.browser.locks.keys()),
    };
  }

  async #lock(
    name: string,
    isShared: boolean,
    signal: AbortSignal | undefined,
    run: (isHeld: boolean) => Promise<void>,
  ): Promise<void> {
    let request: LockRequest | undefined;
    await new Promise<void>((grant, deny) => {
      request = { tab: this, name, isShared, isHeld: false, grant, deny };
      this.browser.locks.set(name, [...(this.browser.locks.get(name) ?? []), request]);
      const abort = (): void => {
        if (request?.isHeld !== false) return;
        deny(new DOMException('aborted', 'AbortError'));
        this.#release(request);
      };
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      this.browser.grant(name);
    });
    if (!this.isAlive) return new Promise(() => {});
    try {
      await run(true);
    } finally {
      if (request !== undefined) this.#release(request);
    }
  }

  #release(request: LockRequest): void {
    const { locks } = this.browser;
    const rest = (locks.get(request.name) ?? []).filter((other) => other !== request);
    if (rest.length > 0) locks.set(request.name, rest);
    else locks.delete(request.name);
    this.browser.grant(request.name);
  }

  /** The other tabs are told, this one is not. */
  #store(key: string | null, change: () => void): void {
    change();
    for (const tab of this.browser.tabs)
      if (tab !== this) for (const listener of tab.storageListeners) listener(key);
  }
}

const noLocks: Locks = { request: (_name, _options, run) => run(true), held: async () => undefined };
