// Whose copy is shown before the server has spoken, and whose an edit is that is stored by then: against a real server.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SyncError, type HeddleProviderOptions } from '../../../client/index.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { until } from '../../support/peer.js';
import { serverForTest, storedDocument, tokenFor } from '../../support/test-server.js';
import { locked, open, openFor, pause, textOf, type, userOf } from './users.js';

async function lastOf(
  store: Parameters<typeof storedDocument>[0],
  name: string,
): Promise<{ text: string; author: string } | undefined> {
  const author = (await store.load(parseDocumentName(name)))?.records.at(-1)?.author;
  const text = (await storedDocument(store, name)).getText('text').toJSON();
  return author === undefined ? undefined : { text, author };
}

describe('the copy that is shown before the server has spoken', () => {
  beforeEach(() => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    return () => vi.unstubAllGlobals();
  });

  const copyOf = async (url: string, user: string, options: HeddleProviderOptions = {}): Promise<void> => {
    const made = open(url, 'notes', { token: await tokenFor(user), ...options });
    await made.whenSynced;
    made.doc.getMap('of').set(user, true);
    await made.sync();
    made.connection.disconnect();
    type(made, `only ${user}'s `);
    await until(() => made.status.savedLocally, 'it is saved');
    made.destroy();
    await pause(20);
  };

  /** A token function that answers when it is told to. */
  function lateToken(): {
    token: () => Promise<string>;
    asked: () => number;
    give(user: string): Promise<void>;
    fail(error: Error): void;
  } {
    const waiting: { resolve(token: string): void; reject(error: Error): void }[] = [];
    return {
      asked: () => waiting.length,
      token: () => new Promise((resolve, reject) => void waiting.push({ resolve, reject })),
      give: async (user) => {
        const token = await tokenFor(user);
        for (const one of waiting) one.resolve(token);
      },
      fail: (error) => {
        for (const one of waiting) one.reject(error);
      },
    };
  }

  it.each([true, false])(
    'I25: waits for the token, and is that of its user (connect: %s)',
    async (connect) => {
      const { url } = await serverForTest(locked);
      await copyOf(url, 'ann');
      await copyOf(url, 'bob');
      const { token, give, asked } = lateToken();
      const ann = open(url, 'notes', { token, connect });
      await pause(2_300);
      expect([textOf(ann), ann.status.phase, asked()]).toEqual(['', 'loading', 1]);
      await give('ann');
      await ann.whenLoaded;
      expect(textOf(ann)).toBe("only ann's ");
      if (!connect) expect(ann.connection.state).toBe('idle');
    },
  );

  it('I25: of two users at once, each sees their own', async () => {
    const { url } = await serverForTest(locked);
    await copyOf(url, 'ann');
    await copyOf(url, 'bob');
    // Another document of Ann's holds the connection.
    const first = openFor(url, 'other', () => 'ann');
    await first.whenSynced;
    const bob = openFor(url, 'notes', () => 'bob');
    await bob.whenLoaded;
    expect(textOf(bob)).toContain("only bob's");
    expect(textOf(bob)).not.toContain("only ann's");
    await bob.whenSynced;
    expect(userOf(bob)).toBe('bob');
  });

  it.each([true, false])(
    'I27: is that of who made an edit before the token was there, and closed the document (beside another: %s)',
    async (isBeside) => {
      const { url, store } = await serverForTest(locked);
      await copyOf(url, 'bob');
      const bob = isBeside ? openFor(url, 'other', () => 'bob') : undefined;
      await bob?.whenSynced;
      const { token, give } = lateToken();
      const ann = open(url, 'notes', { token });
      type(ann, 'early');
      await pause(10);
      ann.destroy();
      await pause(10);
      await give('ann');
      await pause(30);
      const again = openFor(url, 'notes', () => 'bob');
      await again.sync();
      expect(textOf(again)).toBe("only bob's ");
      await openFor(url, 'notes', () => 'ann').sync();
      const { text, author } = (await lastOf(store!, 'notes'))!;
      expect([text, author]).toEqual([expect.stringContaining('early'), 'ann']);
    },
  );

  it('I27: one that was made while nobody was known is theirs who opens it first, and no other’s', async () => {
    const { url, server } = await serverForTest(locked);
    await server.close();
    // Nobody has ever been here, and no token is to be had.
    const nobody = open(url, 'notes', { token: () => Promise.reject(new TypeError('Failed to fetch')) });
    await nobody.whenLoaded;
    const ann = openFor(url, 'notes', () => 'ann');
    await ann.whenLoaded;
    type(ann, 'of ann');
    await until(() => ann.status.savedLocally, 'it is saved');
    const bob = openFor(url, 'notes', () => 'bob');
    await bob.whenLoaded;
    expect(textOf(bob)).toBe('');
    type(nobody, 'of nobody');
    await until(() => nobody.status.offlineError?.code === 'OFFLINE_FAILED', 'it is told');
    nobody.destroy();
    ann.destroy();
    await pause(20);
    const again = openFor(url, 'notes', () => 'ann');
    await again.whenLoaded;
    expect(textOf(again)).toBe('of ann');
  });

  it('I25: of a document that is closed and opened again, while the token is late', async () => {
    const { url } = await serverForTest(locked);
    await copyOf(url, 'ann');
    const { token, give } = lateToken();
    // As StrictMode does it.
    open(url, 'notes', { token }).destroy();
    const again = open(url, 'notes', { token });
    await pause(5_300);
    await give('ann');
    await again.whenLoaded;
    expect([textOf(again), again.status.offlineError]).toEqual(["only ann's ", undefined]);
  });

  it('I26: is that of the last known user where no token can be had', async () => {
    const { url } = await serverForTest(locked);
    await copyOf(url, 'ann');
    const { token, fail } = lateToken();
    const offline = open(url, 'notes', { token });
    await pause(20);
    expect(textOf(offline)).toBe('');
    fail(new TypeError('Failed to fetch'));
    await offline.whenLoaded;
    expect(textOf(offline)).toBe("only ann's ");
  });

  it('I26: is nobody’s where the application says that there is no token', async () => {
    const { url } = await serverForTest(locked);
    await copyOf(url, 'ann');
    const { token, fail } = lateToken();
    const nobody = open(url, 'notes', { token });
    await pause(20);
    fail(new SyncError('TOKEN_MISSING', 'nobody is signed in'));
    await nobody.whenLoaded;
    expect(textOf(nobody)).toBe('');
  });

  it('I26: a token that names another user is told before the server is reached', async () => {
    const { url, server } = await serverForTest(locked);
    await copyOf(url, 'ann');
    await server.close();
    let isOnline = false;
    const one = open(url, 'notes', {
      token: () => (isOnline ? tokenFor('bob') : Promise.reject(new TypeError('Failed to fetch'))),
    });
    await one.whenLoaded;
    expect([textOf(one), one.status.reason?.kind]).toEqual(["only ann's ", 'unreachable']);
    isOnline = true;
    one.connect();
    one.connection.connect();
    await until(() => one.status.reason?.kind === 'other-user', 'it is told');
  });

  it('I28: with `user` it is the one that was kept for that user, before any token is there', async () => {
    const { url } = await serverForTest(locked);
    await copyOf(url, 'ann', { user: 'account 1' });
    await copyOf(url, 'bob', { user: 'account 2' });
    const { token } = lateToken();
    const ann = open(url, 'notes', { token, user: 'account 1', connect: false });
    const bob = open(url, 'notes', { token, user: 'account 2' });
    await Promise.all([ann.whenLoaded, bob.whenLoaded]);
    expect([ann, bob].map(textOf)).toEqual(["only ann's ", "only bob's "]);
  });
});
