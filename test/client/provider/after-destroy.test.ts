// What becomes of every promise that the provider and the connection give, when either is destroyed: against a real server.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { ClosedError, HeddleConnection, HeddleProvider } from '../../../client/index.js';
import { serverForTest, tokenFor } from '../../support/test-server.js';
import { locked, open, pause } from './users.js';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

interface Pair {
  readonly provider: HeddleProvider;
  readonly connection: HeddleConnection;
}

/** Everything that can be waited for, and what is let go of under it: then it is rejected, or is answered all the same. */
const promises = {
  whenLoaded: ({ provider }: Pair) => provider.whenLoaded,
  whenSynced: ({ provider }: Pair) => provider.whenSynced,
  sync: ({ provider }: Pair) => provider.sync(),
  get: ({ provider }: Pair) => provider.get('key'),
  set: ({ provider }: Pair) => provider.set('key', 'value'),
  del: ({ provider }: Pair) => provider.del('key'),
  onDisconnect: ({ provider }: Pair) => provider.onDisconnect(['a', 'b']).remove(),
  setServerTimestamp: ({ provider }: Pair) => provider.setServerTimestamp(['a', 'b']),
  clearOfflineCopy: ({ provider }: Pair) => provider.clearOfflineCopy(),
  keep: ({ connection }: Pair) => connection.keep('another'),
  call: ({ connection }: Pair) => connection.call('method'),
  renewToken: ({ connection }: Pair) => connection.renewToken(),
  logout: ({ connection }: Pair) => connection.logout(),
  'logout that waits': ({ connection }: Pair) => connection.logout({ wipe: true, unsynced: 'wait' }),
} satisfies Record<string, (pair: Pair) => Promise<unknown>>;

/** What is destroyed, in this order. */
const ends = {
  provider: ({ provider }: Pair) => provider.destroy(),
  document: ({ provider }: Pair) => provider.doc.destroy(),
  connection: ({ connection }: Pair) => connection.destroy(),
  'provider, then connection': ({ provider, connection }: Pair) => {
    provider.destroy();
    connection.destroy();
  },
  'connection, then provider': ({ provider, connection }: Pair) => {
    connection.destroy();
    provider.destroy();
  },
} satisfies Record<string, (pair: Pair) => void>;

/** How it ends; `nothing` where it does not. */
async function outcomeOf(promise: Promise<unknown>, isAwaited: boolean): Promise<string> {
  const ended = promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof Error ? error.name : 'no error'),
  );
  return Promise.race([ended, pause(isAwaited ? 20_000 : 100).then(() => 'nothing')]);
}

/** How each ends. */
const whenProviderEnds = {
  whenLoaded: 'ClosedError',
  whenSynced: 'ClosedError',
  sync: 'ClosedError',
  onDisconnect: 'ClosedError',
  setServerTimestamp: 'ClosedError',
  get: 'OfflineError',
  set: 'OfflineError',
  del: 'OfflineError',
  clearOfflineCopy: 'answered',
};
/** The copy of the document is there all the same. */
const whenOnlyConnectionEnds = {
  ...whenProviderEnds,
  whenLoaded: 'answered',
  get: 'answered',
  set: 'answered',
  del: 'answered',
};
const whenConnectionEnds = {
  keep: 'ClosedError',
  call: 'Error',
  renewToken: 'ClosedError',
  logout: 'ClosedError',
  'logout that waits': 'ClosedError',
};

const whileConnectionGoesOn = {
  keep: 'nothing',
  call: 'Error',
  renewToken: 'nothing',
  logout: 'answered',
  'logout that waits': 'answered',
};

describe('K59: whoever waits is told', () => {
  for (const when of ['before', 'after'] as const)
    for (const [end, destroy] of Object.entries(ends))
      it(`where it was destroyed (${end}) ${when} it was asked`, { timeout: 60_000 }, async () => {
        const { url } = await serverForTest(locked);
        const expected: Record<string, string> = {
          ...(end === 'connection' ? whenOnlyConnectionEnds : whenProviderEnds),
          ...(end.includes('connection') ? whenConnectionEnds : whileConnectionGoesOn),
          // Nobody waits for an answer to them.
          ...(when === 'after' && { logout: 'answered', 'logout that waits': 'answered' }),
        };
        const outcomes: Record<string, string> = {};
        for (const [name, ask] of Object.entries(promises)) {
          // It never comes: all that needs it waits.
          const token = (): Promise<string> => new Promise(() => {});
          // Others do not hear of its logout.
          const address = `${url}?${encodeURIComponent(name)}`;
          const connection = new HeddleConnection(address, { WebSocketPolyfill: WebSocket, token });
          const provider = new HeddleProvider(address, 'notes', new Y.Doc(), { connection, tabs: false });
          onTestFinished(() => {
            provider.destroy();
            connection.destroy();
          });
          const pair = { provider, connection };
          if (when === 'before') destroy(pair);
          const outcome = outcomeOf(ask(pair), expected[name] !== 'nothing');
          await pause(10);
          if (when === 'after') destroy(pair);
          outcomes[name] = await outcome;
        }
        expect(outcomes).toEqual(expected);
      });

  it('and of what comes too late, too', async () => {
    const { url } = await serverForTest(locked);
    const connection = new HeddleConnection(url, {
      WebSocketPolyfill: WebSocket,
      token: await tokenFor('ann'),
    });
    const made = open(url, 'notes', { connection });
    await made.whenSynced;
    connection.destroy();
    await expect(made.sync()).rejects.toBeInstanceOf(ClosedError);
    const late = open(url, 'others', { connection });
    await expect(late.whenSynced).rejects.toBeInstanceOf(ClosedError);
    await expect(late.sync()).rejects.toMatchObject({ code: 'CLOSED' });
    await late.whenLoaded;
    await pause(20);
    expect([connection.state, made.status.phase, late.status.phase]).toEqual(['idle', 'offline', 'offline']);
  });
});
