// The port to Web Locks, over a lock manager as browsers have it, and without one.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { browserLocks } from '../../../client/platform/locks.js';
import { MemoryLocks } from '../../support/memory-locks.js';
import { settled } from '../../support/turns.js';

const never = new Promise<void>(() => {});

/** The browser's lock manager, over locks in memory. */
function provide(): MemoryLocks {
  const memory = new MemoryLocks();
  const tab = memory.tab();
  const manager = {
    async request(name: string, options: LockOptions, run: (lock: unknown) => Promise<void>) {
      if (options.signal !== undefined && options.ifAvailable === true)
        throw new DOMException('', 'NotSupportedError');
      const { signal } = options;
      let isGranted = false;
      const wait = signal && { signal };
      await tab.request(
        name,
        { mode: options.mode!, ifAvailable: options.ifAvailable!, ...wait },
        async (isHeld) => {
          isGranted = true;
          await run(isHeld ? {} : null);
        },
      );
      if (signal?.aborted === true && !isGranted) throw new DOMException('', 'AbortError');
    },
    query: async () => ({ held: memory.names.map((name) => ({ name })), pending: [] }),
  };
  vi.stubGlobal('navigator', { locks: manager });
  return memory;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('locks', () => {
  test('I17 a lock is held by one, and goes to the next when the work is done or called off', async () => {
    provide();
    const locks = browserLocks();
    const order: string[] = [];
    const first = new AbortController();
    const held = locks.request('a', { signal: first.signal }, () => {
      order.push('first');
      return never;
    });
    const next = locks.request('a', {}, async (isHeld) => void order.push(`next ${isHeld}`));
    await settled();
    expect(order).toEqual(['first']);
    expect(await locks.held()).toEqual(new Set(['a']));
    first.abort();
    await Promise.all([held, next]);
    expect(order).toEqual(['first', 'next true']);
    expect(await locks.held()).toEqual(new Set());
  });

  test('I17 who does not wait is told at once; who is called off while waiting never runs', async () => {
    provide();
    const locks = browserLocks();
    const holding = new AbortController();
    void locks.request('a', { signal: holding.signal, mode: 'shared' }, () => never);
    const answers: boolean[] = [];
    const signal = new AbortController().signal;
    await locks.request('a', { ifAvailable: true, signal }, async (isHeld) => void answers.push(isHeld));
    await locks.request(
      'a',
      { ifAvailable: true, mode: 'shared' },
      async (isHeld) => void answers.push(isHeld),
    );
    expect(answers).toEqual([false, true]);
    const waiting = new AbortController();
    const run = vi.fn<() => Promise<void>>(async () => {});
    const request = locks.request('a', { signal: waiting.signal }, run);
    await settled();
    waiting.abort();
    await request;
    await locks.request('a', { signal: waiting.signal }, run);
    expect(run).not.toHaveBeenCalled();
    holding.abort();
  });

  test('I17 what the work rejects with is what the request rejects with', async () => {
    provide();
    const failing = browserLocks().request('a', {}, () => Promise.reject(new Error('no luck')));
    await expect(failing).rejects.toThrow('no luck');
  });

  test.each([
    ['without Web Locks', {}],
    [
      'where the page may not use them',
      Object.defineProperty({}, 'locks', {
        get() {
          throw new DOMException('', 'SecurityError');
        },
      }),
    ],
  ])('I17 %s everybody gets every lock at once', async (_, navigator) => {
    vi.stubGlobal('navigator', navigator);
    const locks = browserLocks();
    const holding = new AbortController();
    const first = locks.request('a', { signal: holding.signal }, () => never);
    const answers: boolean[] = [];
    await locks.request('a', {}, async (isHeld) => void answers.push(isHeld));
    expect(answers).toEqual([true]);
    expect(await locks.held()).toBeUndefined();
    holding.abort();
    await first;
    await locks.request('a', { signal: holding.signal }, async (isHeld) => void answers.push(isHeld));
    expect(answers).toEqual([true]);
  });
});
