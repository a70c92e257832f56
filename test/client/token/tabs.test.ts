// The tokens of several tabs: one renews for all, all log out together, and the storage is watched.

import { beforeEach, describe, expect, it } from 'vitest';
import { isNewer, isSameThing } from '../../../client/token/claims.js';
import { FakeBrowser } from '../../support/browser-platform.js';
import { jwt, seconds, useSource, type UsedSource } from './support.js';

let browser: FakeBrowser;
let calls: number;

beforeEach(() => {
  browser = new FakeBrowser();
  calls = 0;
});

/** Each token counts for 1000 s. */
const give = async (): Promise<string> => {
  calls++;
  return jwt({
    sub: 'anna',
    jti: calls,
    exp: seconds(browser.clock.now()) + 1_000,
    docs: [{ pattern: '*' }],
  });
};

/** Tabs whose server takes every token. */
async function openTabs(
  count: number,
  { token = give, chance = () => 0.5 }: { token?: () => Promise<string>; chance?: () => number } = {},
): Promise<UsedSource[]> {
  const all = Array.from({ length: count }, () => useSource(browser.open(), { token, random: chance }));
  for (const { source } of all) {
    const accept = (): void => source.accepted(seconds(browser.clock.now()) + 1_000, 0);
    await source.get();
    accept();
    source.on('renewed', () => setImmediate(accept));
  }
  return all;
}

describe('several tabs', () => {
  it.each([2, 5])('J2: %i tabs that are due at the same moment ask the application once', async (count) => {
    const all = await openTabs(count);
    expect(calls).toBe(count);
    for (let renewal = 1; renewal <= 3; renewal++) {
      await browser.pass(760_000, 1_000);
      expect(calls).toBe(count + renewal);
      for (const { renewed } of all) expect(renewed).toEqual(all[0]!.renewed);
      expect(all[0]!.renewed).toHaveLength(renewal);
    }
    for (const { source } of all) source.destroy();
    expect(browser.clock.pending).toBe(0);
  });

  it('J6: a logout reaches the other tabs also from a tab that has been closed since it was asked for', async () => {
    const [one, other] = (await openTabs(2)) as [UsedSource, UsedSource];
    one.source.destroy();
    one.source.logout({ wipe: true });
    await browser.pass(10, 10);
    expect(other.events).toContain('logged-out true');
    other.source.destroy();
  });

  it('J2: a token that comes after the turn has changed is waited for', async () => {
    const all = await openTabs(2);
    browser.clock.advance(750_000);
    // The second tab has its turn before it hears of the first one's token.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls).toBe(3);
    await browser.settle();
    await browser.pass(1_000, 100);
    expect(calls).toBe(3);
    expect(all[1]!.renewed).toEqual(all[0]!.renewed);
  });

  it('J2: the first to be due renews for those who are due later', async () => {
    const chances = [0.9, 0.1, 0.6];
    const all = await openTabs(3, { chance: () => chances[(calls + 2) % 3]! });
    await browser.pass(950_000, 1_000);
    expect(calls).toBeLessThanOrEqual(3 + 2);
    expect(all[0]!.renewed).toEqual(all[2]!.renewed);
  });

  it('J2: when the one that renews dies, the next does it', async () => {
    let isHanging = false;
    const all = await openTabs(2, { token: () => (isHanging ? new Promise<string>(() => {}) : give()) });
    isHanging = true;
    browser.clock.advance(750_000);
    await browser.settle();
    isHanging = false;
    [...browser.tabs][0]?.kill();
    await browser.pass(1_000, 100);
    expect(calls).toBe(3);
    expect(all[1]!.renewed).toHaveLength(1);
  });

  it('J2: one that hangs holds up the others for no more than ten seconds', async () => {
    let isHanging = false;
    const all = await openTabs(2, { token: () => (isHanging ? new Promise<string>(() => {}) : give()) });
    isHanging = true;
    browser.clock.advance(750_000);
    await browser.settle();
    isHanging = false;
    await browser.pass(11_000, 100);
    expect(all[1]!.renewed).toHaveLength(1);
    expect(all[0]!.renewed).toEqual(all[1]!.renewed);
    for (const { source } of all) source.destroy();
    expect(browser.clock.pending).toBe(0);
  });

  it('J2: without Web Locks each renews at its own moment, and tells the others', async () => {
    browser = new FakeBrowser({ hasLocks: false });
    const chances = [0.9, 0.1];
    let tabsMade = 0;
    const all = await openTabs(2, { chance: () => chances[tabsMade++ % 2]! });
    await browser.pass(950_000, 1_000);
    expect(all[0]!.renewed).toEqual(all[1]!.renewed);
    expect(calls).toBe(3);
  });

  it('J2: only what is for the same user with the same rights is shared', async () => {
    const now = seconds(browser.clock.now());
    const anna = useSource(browser.open(), { token: () => jwt({ sub: 'anna', iat: now }) });
    const bert = useSource(browser.open(), { token: () => jwt({ sub: 'bert', iat: now }) });
    const less = useSource(browser.open(), { token: () => jwt({ sub: 'anna', iat: now, docs: [] }) });
    let word = 'opaque-1';
    const opaque = useSource(browser.open(), { token: () => word });
    const other = useSource(browser.open(), { token: () => 'opaque-1' });
    for (const { source } of [anna, bert, less, opaque, other]) await source.get();
    const newer = useSource(browser.open(), { token: () => jwt({ sub: 'anna', iat: now + calls++ }) });
    await newer.source.get();
    await newer.source.renew();
    word = 'opaque-2';
    await opaque.source.renew();
    await browser.settle();
    expect(anna.renewed).toEqual([jwt({ sub: 'anna', iat: now + 1 })]);
    expect([bert, less, other].map(({ renewed }) => renewed)).toEqual([[], [], []]);
    expect(JSON.stringify(browser.posted)).not.toContain('opaque');
  });

  it('J2: claims are compared in depth, whatever their order; a token is newer by its times', () => {
    const one = jwt({ sub: 'ä', docs: [{ pattern: 'a', access: 'read' }], exp: 5, iat: 1, nbf: 1, jti: 'x' });
    const two = jwt({ jti: 'y', docs: [{ access: 'read', pattern: 'a' }], sub: 'ä', exp: 9 });
    const three = jwt({ sub: 'ä', docs: [{ pattern: 'a', access: 'write' }], exp: 9 });
    expect(isSameThing(one, two)).toBe(true);
    expect(isSameThing(one, three)).toBe(false);
    expect(isSameThing('a.b.c', 'a.b.c')).toBe(false);
    expect(isSameThing('', '')).toBe(false);
    expect([isNewer(two, one), isNewer(one, two), isNewer(one, one)]).toEqual([true, false, false]);
  });
});

describe('logging out', () => {
  it('J6: reaches every tab of the scope, and nothing is given afterwards until the application renews', async () => {
    const all = await openTabs(3);
    const elsewhere = useSource(browser.open(), { token: give, scope: 'ws://other/' });
    all[1]!.source.logout({ wipe: true });
    await browser.settle();
    for (const { source, events } of all) {
      expect(events).toEqual(['logged-out true']);
      await expect(source.get()).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    }
    expect(elsewhere.events).toEqual([]);
    await all[0]!.source.renew();
    await browser.settle();
    expect(all[0]!.events).toEqual(['logged-out true', 'renewed']);
    expect(await all[0]!.source.get()).toBe(all[0]!.renewed[0]);
    // Another tab's login is no login here: it may be another user.
    await expect(all[1]!.source.get()).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    expect(all[1]!.events).toEqual(['logged-out true']);
  });

  it('J18: without a wipe it leaves those alone who are known to be other users', async () => {
    const tokens = {
      ann: jwt({ sub: 'ann', iat: 1 }),
      'ann again': jwt({ sub: 'ann', iat: 2 }),
      bob: jwt({ sub: 'bob' }),
      nobody: '',
      opaque: 'opaque',
    };
    const all = Object.entries(tokens).map(([name, token]) => ({
      name,
      ...useSource(browser.open(), { token: () => token }),
    }));
    for (const { source } of all) await source.get();
    // Another user's token is in use, and whose the next one is nobody knows.
    const changing = useSource(browser.open(), {
      token: ({ reason }) => (reason === 'first' ? tokens.bob : new Promise<string>(() => {})),
    });
    await changing.source.get();
    changing.source.renew().catch(() => {});
    all.push({ name: 'changing', ...changing });
    all.push({ name: 'not asked yet', ...useSource(browser.open(), { token: () => tokens.bob }) });
    const told = (): string[] =>
      all.filter(({ events }) => events.splice(0).length > 0).map(({ name }) => name);
    all[0]!.source.logout({ wipe: false });
    await browser.settle();
    expect(told()).toEqual(['ann', 'ann again', 'opaque', 'changing', 'not asked yet']);
    all[0]!.source.logout({ wipe: true });
    await browser.settle();
    expect(told()).toEqual(all.map(({ name }) => name));
    for (const { source } of all) source.destroy();
  });

  it('J6: a request that is under way ends, and what it brings does not count', async () => {
    let answer = (_token: string): void => {};
    const slow = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const { source, events } = useSource(browser.open(), { token: () => slow });
    const token = source.get();
    source.logout({ wipe: false });
    await expect(token).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    answer('late');
    await browser.settle();
    expect(events).toEqual(['logged-out false']);
    await expect(source.get()).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    await browser.pass(60_000, 1_000);
    expect(browser.clock.pending).toBe(0);
  });

  it('J6: no renewal happens after it', async () => {
    const [one] = await openTabs(1);
    one!.source.logout({ wipe: false });
    await browser.pass(2_000_000, 10_000);
    expect(calls).toBe(1);
  });

  it('J6: what else is said on the channel is ignored', async () => {
    const [one] = await openTabs(1);
    const other = new (browser.open().BroadcastChannel)('heddle:token:ws://server/');
    for (const message of [
      null,
      'logout',
      {},
      { version: 2, type: 'logout' },
      { version: 1, type: 'token', token: 5 },
    ])
      other.postMessage(message);
    await browser.settle();
    expect(one!.events).toEqual([]);
  });
});

describe('the storage', () => {
  const storageKey = 'app-token';

  it('J5: is read, also when this tab has changed it without a word', async () => {
    const tab = browser.open();
    const { source, events } = useSource(tab, { storageKey });
    expect(await source.get()).toBe('');
    tab.localStorage.setItem(storageKey, 'one');
    expect(await source.get()).toBe('one');
    tab.localStorage.setItem(storageKey, 'two');
    expect(await source.get()).toBe('two');
    expect(events).toEqual(['renewed', 'renewed']);
  });

  it('J5: a change by another tab counts at once', async () => {
    const [tab, other] = [browser.open(), browser.open()];
    other.localStorage.setItem(storageKey, 'one');
    const { source, renewed } = useSource(tab, { storageKey });
    await source.get();
    other.localStorage.setItem('else', 'x');
    other.localStorage.setItem(storageKey, 'one');
    await browser.settle();
    expect(renewed).toEqual([]);
    other.localStorage.setItem(storageKey, 'two');
    await browser.settle();
    expect(renewed).toEqual(['two']);
    expect(await source.get()).toBe('two');
  });

  it('J5: with a function the application is asked again, also when it is being asked', async () => {
    const [tab, other] = [browser.open(), browser.open()];
    const { source, renewed } = useSource(tab, {
      storageKey,
      token: async () => {
        const stored = tab.localStorage.getItem(storageKey);
        await new Promise((resolve) => setImmediate(resolve));
        return `for ${stored}`;
      },
    });
    const first = source.get();
    await Promise.resolve();
    await Promise.resolve();
    other.localStorage.setItem(storageKey, 'two');
    expect(await first).toBe('for null');
    await browser.settle();
    expect(renewed).toEqual(['for two']);
  });

  it('J5: a fixed token is given up for the one that is stored later', async () => {
    const [tab, other] = [browser.open(), browser.open()];
    const { source, renewed } = useSource(tab, { storageKey, token: 'fixed' });
    expect(await source.get()).toBe('fixed');
    other.localStorage.setItem(storageKey, 'two');
    await browser.settle();
    expect(renewed).toEqual(['two']);
  });

  it.each(['removeItem', 'clear'] as const)('J5: %s in another tab logs out, a new token in', async (how) => {
    const [tab, other] = [browser.open(), browser.open()];
    other.localStorage.setItem(storageKey, 'one');
    const { source, events } = useSource(tab, { storageKey });
    await source.get();
    other.localStorage[how](storageKey);
    expect(events).toEqual(['logged-out false']);
    await expect(source.get()).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    other.localStorage.setItem(storageKey, 'one');
    await browser.settle();
    expect(events).toEqual(['logged-out false', 'renewed']);
    expect(await source.get()).toBe('one');
  });

  it('K67: what was stored while the page was stopped counts when it wakes', async () => {
    const tab = browser.open();
    tab.localStorage.setItem(storageKey, 'one');
    const { source, events, renewed } = useSource(tab, { storageKey });
    await source.get();
    tab.localStorage.setItem(storageKey, 'two');
    source.woke();
    await browser.settle();
    expect(renewed).toEqual(['two']);
    tab.localStorage.removeItem(storageKey);
    source.woke();
    expect(events).toEqual(['renewed', 'logged-out false']);
    source.destroy();
  });

  it('K68: the tab that removes it is logged out by what another tab has seen, once', async () => {
    const [tab, other] = [browser.open(), browser.open()];
    tab.localStorage.setItem(storageKey, 'one');
    const [here, there] = [useSource(tab, { storageKey }), useSource(other, { storageKey })];
    await here.source.get();
    await there.source.get();
    tab.localStorage.removeItem(storageKey);
    await browser.settle();
    expect([here.events, there.events]).toEqual([['logged-out false'], ['logged-out false']]);
  });

  it('K68: a tab that has stored a new one meanwhile stays logged in', async () => {
    const [tab, other] = [browser.open(), browser.open()];
    tab.localStorage.setItem(storageKey, 'one');
    const [here, there] = [useSource(tab, { storageKey }), useSource(other, { storageKey })];
    await here.source.get();
    await there.source.get();
    tab.localStorage.removeItem(storageKey);
    tab.localStorage.setItem(storageKey, 'two');
    await browser.settle();
    expect(here.events).not.toContain('logged-out false');
    expect([await here.source.get(), await there.source.get()]).toEqual(['two', 'two']);
  });

  it('J5: is looked at again before the token ends', async () => {
    const tab = browser.open();
    tab.localStorage.setItem(storageKey, 'one');
    const { source, renewed } = useSource(tab, { storageKey });
    await source.get();
    source.accepted(seconds(browser.clock.now()) + 1_000, 0);
    tab.localStorage.setItem(storageKey, 'two');
    await browser.pass(800_000, 1_000);
    expect(renewed).toEqual(['two']);
    source.destroy();
    expect(tab.holdings).toEqual({ channels: 0, locks: 0, listeners: 0 });
    expect(browser.clock.pending).toBe(0);
  });
});
