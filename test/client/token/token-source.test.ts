// One tab's token: asked for once, renewed early, dropped when it is refused.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserTokenPlatform } from '../../../client/token/token-platform.js';
import { SyncError } from '../../../shared/errors.js';
import { FakeBrowser, type FakeTab } from '../../support/browser-platform.js';
import { settled } from '../../support/turns.js';
import { jwt, seconds, useSource, type UsedSource } from './support.js';
import { TokenSource, type TokenSourceDeps } from '../../../client/token/token-source.js';

let browser: FakeBrowser;
let tab: FakeTab;
let used: UsedSource;
let calls: number;
/** What the application gives next; it counts its calls. */
let give: () => string | Promise<string>;

beforeEach(() => {
  browser = new FakeBrowser();
  tab = browser.open();
  calls = 0;
  give = () => `token-${calls}`;
});

afterEach(() => {
  used.source.destroy();
  const { channels, locks, listeners } = tab.holdings;
  const left = browser.clock.pending + channels + locks + listeners;
  if (left > 0) throw new Error('a destroyed source keeps something of the browser');
});

const counted = (): string | Promise<string> => {
  calls++;
  return give();
};

function create(deps: Partial<TokenSourceDeps> = { token: counted }): TokenSource {
  used = useSource(tab, deps);
  return used.source;
}

/** The server takes it for so long. */
function accept(lifeMs: number, offsetMs = 0): void {
  used.source.accepted(seconds(browser.clock.now() + offsetMs + lifeMs), offsetMs);
}

const never = new Promise<string>(() => {});

describe('a token', () => {
  it('J1: is asked for once for all who wait, and not again while it is good', async () => {
    const source = create();
    expect(calls).toBe(0);
    expect(await Promise.all([source.get(), source.get()])).toEqual(['token-1', 'token-1']);
    accept(3600_000);
    expect(await source.get()).toBe('token-1');
    expect(calls).toBe(1);
    expect(used.events).toEqual([]);
  });

  it('J1: is asked for again when it is known to be expired, by the word of the server or its own', async () => {
    const source = create();
    give = () => jwt({ n: calls, exp: seconds(browser.clock.now()) + 100 });
    const first = await source.get();
    await browser.pass(99_000);
    expect(await source.get()).toBe(first);
    await browser.pass(1_000);
    expect(await source.get()).not.toBe(first);
    expect(calls).toBe(2);
    // The server's word, by a clock that is ahead of this device's.
    source.accepted(seconds(browser.clock.now()) + 50, 60_000);
    await source.get();
    expect(calls).toBe(3);
  });

  it('J1: a request that takes longer than 30 s fails, and the next one is another', async () => {
    const source = create();
    give = () => never;
    let error: unknown;
    source.get().catch((thrown) => {
      error = thrown;
    });
    await browser.pass(29_999);
    expect(error).toBeUndefined();
    await browser.pass(1);
    expect(error).toMatchObject({ message: 'no token was given within 30 s' });
    give = () => 'late';
    expect(await source.get()).toBe('late');
  });

  it('J1: the application’s error is passed on, and what is no string is none', async () => {
    const source = create();
    give = () => Promise.reject(new Error('no session'));
    await expect(source.get()).rejects.toThrow('no session');
    give = () => {
      throw new Error('thrown');
    };
    await expect(source.get()).rejects.toThrow('thrown');
    give = () => 7 as unknown as string;
    await expect(source.get()).rejects.toThrow(TypeError);
    give = () => undefined as unknown as string;
    expect(await source.get()).toBe('');
  });

  it('J1: a request that is under way ends when the source is destroyed', async () => {
    const source = create();
    give = () => never;
    const token = source.get();
    source.destroy();
    await expect(token).rejects.toThrow('destroyed');
  });

  it('J1: none is given where there is none', async () => {
    expect(await create({}).get()).toBe('');
  });

  it('J1: a fixed one is given, and never renewed', async () => {
    const source = create({ token: 'fixed' });
    expect(await source.get()).toBe('fixed');
    accept(60_000);
    expect(browser.clock.pending).toBe(0);
    source.rejected(undefined);
    await browser.settle();
    expect(used.events).toEqual(['failed TOKEN_INVALID: the application gives the token that was refused']);
    expect(browser.clock.pending).toBe(0);
  });
});

describe('renewal', () => {
  it.each([
    [0, 60],
    [0.5, 75],
    [0.999, 90],
  ])('J2: happens early, at a moment of its own (%d of chance: %d %%)', async (chance, percent) => {
    const source = create({ token: counted, random: () => chance });
    await source.get();
    accept(1_000_000, 500_000);
    await browser.pass((percent - 1) * 10_000);
    expect(used.renewed).toEqual([]);
    await browser.pass(10_000);
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J2: leaves some seconds before the end, and does not spin on the shortest of lives', async () => {
    const source = create({ token: counted, random: () => 0.99 });
    await source.get();
    accept(30_000);
    await browser.pass(20_000);
    expect(used.renewed).toHaveLength(1);
    for (let i = 0; i < 5; i++) {
      accept(100);
      await browser.pass(500);
    }
    expect(calls).toBe(2);
  });

  it('J2: a token that lives for months is renewed after weeks, not at once', async () => {
    const source = create();
    await source.get();
    const day = 24 * 3600_000;
    accept(100 * day);
    await browser.pass(74 * day, day);
    expect(calls).toBe(1);
    await browser.pass(2 * day, day);
    expect(calls).toBe(2);
  });

  it('J2: one for ever is not renewed', async () => {
    const source = create();
    await source.get();
    source.accepted(0, 0);
    expect(browser.clock.pending).toBe(0);
  });

  it('J2: is made up for when the device wakes, whichever clock has gone on', async () => {
    const source = create();
    await source.get();
    accept(1_000_000);
    source.woke();
    await browser.settle();
    expect(used.renewed).toEqual([]);
    browser.clock.setWall(browser.clock.now() + 800_000);
    source.woke();
    await browser.settle();
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J2: a clock that is set back does not put it off', async () => {
    const source = create();
    await source.get();
    accept(1_000_000);
    browser.clock.setWall(browser.clock.now() - 10_000_000);
    await browser.pass(760_000);
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J2: an application that keeps its token for longer is asked again when less is left', async () => {
    const source = create();
    await source.get();
    give = () => 'token-1';
    accept(1_000_000);
    await browser.pass(960_000, 10_000);
    expect(used.events).toEqual([]);
    expect(calls).toBeGreaterThan(2);
    expect(calls).toBeLessThan(6);
    give = () => 'token-2';
    await browser.pass(40_000, 1_000);
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J3: one that fails is told, and tried again with more and more time between; the old token is used meanwhile', async () => {
    const source = create();
    await source.get();
    give = () => Promise.reject(new Error('offline'));
    accept(1_000_000);
    await browser.pass(750_000);
    expect(used.events).toEqual(['failed offline']);
    expect(await source.get()).toBe('token-1');
    await browser.pass(120_000, 100);
    expect(calls).toBeGreaterThan(6);
    expect(calls).toBeLessThan(20);
    expect(await source.get()).toBe('token-1');
    give = () => 'token-2';
    await browser.pass(30_000, 1_000);
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J3: at the end of the old one’s life the trying ends, until somebody asks', async () => {
    const source = create();
    await source.get();
    give = () => Promise.reject(new Error('offline'));
    accept(100_000);
    await browser.pass(200_000, 1_000);
    expect(browser.clock.pending).toBe(0);
    await expect(source.get()).rejects.toThrow('offline');
    give = () => 'token-2';
    expect(await source.get()).toBe('token-2');
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J3: renew asks now, and rejects with what went wrong', async () => {
    const source = create();
    await source.get();
    await source.renew();
    expect(used.renewed).toEqual(['token-2']);
    give = () => Promise.reject(new Error('offline'));
    await expect(source.renew()).rejects.toThrow('offline');
  });
});

describe('a refused token', () => {
  it('J4: is replaced at once', async () => {
    const source = create();
    await source.get();
    source.rejected(undefined);
    source.rejected(undefined);
    await browser.settle();
    expect(used.events).toEqual(['renewed']);
    expect(await source.get()).toBe('token-2');
    expect(calls).toBe(2);
  });

  it('K34: is the one that the server named: a newer one is not dropped with it', async () => {
    const source = create();
    const old = await source.get();
    accept(1_000_000);
    await source.renew();
    source.rejected(old);
    await browser.settle();
    expect([await source.get(), calls]).toEqual(['token-2', 2]);
    source.rejected('token-2');
    await browser.settle();
    expect([await source.get(), calls]).toEqual(['token-3', 3]);
  });

  it('J4: given again, it is said so, tried some times more, and then left', async () => {
    const source = create();
    give = () => 'same';
    await source.get();
    accept(1_000);
    await browser.pass(900);
    source.rejected(undefined);
    await browser.pass(600_000, 1_000);
    expect(used.events.length).toBeGreaterThan(2);
    expect(used.events.length).toBeLessThan(8);
    expect(new Set(used.events)).toEqual(
      new Set([
        'failed TOKEN_INVALID: the application gives the token that was refused',
        'failed TOKEN_EXPIRED: the application has no newer token',
      ]),
    );
    expect(browser.clock.pending).toBe(0);
    const before = calls;
    give = () => 'another';
    await source.renew();
    expect(used.renewed).toEqual(['another']);
    expect(calls).toBe(before + 1);
  });

  it('J4: a new one that is refused each time is not asked for without end or pause', async () => {
    const source = create();
    used.source.on('renewed', () => queueMicrotask(() => source.rejected(undefined)));
    await source.get();
    source.rejected(undefined);
    await browser.settle();
    expect(calls).toBe(2);
    await browser.pass(600_000, 1_000);
    expect(calls).toBeLessThan(9);
    expect(used.events.at(-1)).toMatch(/^failed TOKEN_INVALID/);
    expect(browser.clock.pending).toBe(0);
  });

  it('J4: without an answer of the application it is tried for as long as it takes: there is nothing else', async () => {
    const source = create();
    await source.get();
    accept(1_000_000);
    give = () => Promise.reject(new Error('offline'));
    source.rejected(undefined);
    await browser.pass(3_600_000, 10_000);
    expect(browser.clock.pending).toBe(1);
    give = () => 'token-2';
    await browser.pass(40_000, 1_000);
    expect(used.renewed).toEqual(['token-2']);
  });

  it('J4: that is believed after all counts', async () => {
    const source = create({ token: counted });
    give = () => 'same';
    await source.get();
    source.rejected(undefined);
    await browser.settle();
    expect(await source.get()).toBe('same');
    accept(1_000_000);
    const before = calls;
    expect(await source.get()).toBe('same');
    expect(calls).toBe(before);
  });
});

describe('without a browser', () => {
  it('J1: Node has no storage, and a source works there', async () => {
    const source = create({ token: counted, platform: browserTokenPlatform() });
    expect(await source.get()).toBe('token-1');
    source.logout({ wipe: false });
    await expect(source.get()).rejects.toBeInstanceOf(SyncError);
    await settled();
  });
});
