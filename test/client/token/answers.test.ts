// What a token function may answer beside a text: a token with its end, that somebody has to log in, or nothing.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoginRequired } from '../../../client/index.js';
import type { TokenFunction, TokenWanted } from '../../../client/token/token-source.js';
import { FakeBrowser } from '../../support/browser-platform.js';
import { jwt, seconds, useSource, type UsedSource } from './support.js';

let browser: FakeBrowser;
let used: UsedSource;
let reasons: TokenWanted['reason'][];

beforeEach(() => {
  browser = new FakeBrowser();
  reasons = [];
});

afterEach(() => {
  used.source.destroy();
  if (browser.clock.pending > 0) throw new Error('a destroyed source keeps a timer');
});

function use(token: TokenFunction): UsedSource {
  used = useSource(browser.open(), {
    token: (wanted) => {
      reasons.push(wanted.reason);
      return token(wanted);
    },
  });
  return used;
}

describe('K65: a token with its end', () => {
  it('an opaque one is not given out after it, and is replaced early by it', async () => {
    let made = 0;
    const { source, renewed } = use(() => ({
      token: `opaque-${++made}`,
      expiresAt: browser.clock.now() + 100_000,
    }));
    expect(await source.get()).toBe('opaque-1');
    browser.clock.advance(100_000);
    expect(await source.get()).toBe('opaque-2');
    source.accepted(0, 0);
    await browser.pass(100_000, 1_000);
    expect(renewed).toEqual(['opaque-2', 'opaque-3']);
  });

  it('the earlier end counts, whoever has named it', async () => {
    const nowS = seconds(browser.clock.now());
    const long = jwt({ sub: 'ada', exp: nowS + 1_000 });
    const { source } = use(() => ({ token: long, expiresAt: browser.clock.now() + 50_000 }));
    await source.get();
    source.accepted(nowS + 1_000, 0);
    await browser.pass(50_000, 1_000);
    expect(reasons.slice(0, 2)).toEqual(['first', 'renewal']);
  });

  it.each([
    [{ token: 7 }, 'string'],
    [7, 'string'],
    [{ token: 'x', expiresAt: 1_767_225_600 }, 'ms'],
    [{ token: 'x', expiresAt: 'soon' }, 'ms'],
  ])('%j is refused', async (answer, words) => {
    const { source } = use(() => answer as unknown as string);
    await expect(source.get()).rejects.toThrow(words);
  });

  it.each([undefined, null, ''])('%j is no token', async (answer) => {
    expect(await use(() => answer).source.get()).toBe('');
  });
});

describe('K66: LoginRequired', () => {
  it('is the last word until somebody asks again', async () => {
    let isLoggedIn = false;
    const { source, events } = use(() => {
      if (!isLoggedIn) throw new LoginRequired();
      return 'token';
    });
    await expect(source.get()).rejects.toBeInstanceOf(LoginRequired);
    expect(source.isLoginRequired).toBe(true);
    source.rejected(undefined);
    await browser.pass(120_000, 5_000);
    expect(reasons).toEqual(['first']);
    isLoggedIn = true;
    await source.renew();
    expect(source.isLoginRequired).toBe(false);
    expect(await source.get()).toBe('token');
    expect(events).toEqual([]);
  });

  it('in a renewal: the token in use counts on, and nobody is asked again and again', async () => {
    const nowS = seconds(browser.clock.now());
    const first = jwt({ sub: 'ada', exp: nowS + 100 });
    const { source, events } = use(({ reason }) => {
      if (reason !== 'first') throw new LoginRequired('the session is over');
      return first;
    });
    await source.get();
    source.accepted(nowS + 100, 0);
    await browser.pass(99_000, 1_000);
    expect(reasons).toEqual(['first', 'renewal']);
    expect(events).toEqual(['failed TOKEN_MISSING: the session is over']);
    expect(await source.get()).toBe(first);
    expect(source.isLoginRequired).toBe(true);
  });
});

describe('K69: the server has heard of a newer token', () => {
  it('the application is asked with that reason; the token in use counts until there is another', async () => {
    let made = 0;
    const { source, renewed, events } = use(() => `token-${made}`);
    await source.get();
    source.accepted(0, 0);
    source.stale();
    await browser.settle();
    expect([reasons, events]).toEqual([['first', 'stale'], []]);
    expect(await source.get()).toBe('token-0');
    made = 1;
    source.stale();
    await browser.settle();
    expect(renewed).toEqual(['token-1']);
    source.rejected('token-1');
    await browser.settle();
    expect(reasons).toEqual(['first', 'stale', 'stale', 'refused']);
  });

  it('after a logout nobody is asked', async () => {
    const { source } = use(() => 'token');
    await source.get();
    source.logout({ wipe: false });
    source.stale();
    await browser.settle();
    expect(reasons).toEqual(['first']);
  });
});
