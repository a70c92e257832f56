// An application that calls the provider in an event of the provider: against a real server.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { HeddleConnection, type HeddleProvider } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, tokenFor } from '../../support/test-server.js';
import { locked, open, type } from './users.js';

async function opened(): Promise<{ provider: HeddleProvider; connection: HeddleConnection }> {
  const { url } = await serverForTest(locked);
  const connection = new HeddleConnection(url, {
    WebSocketPolyfill: WebSocket,
    token: await tokenFor('ann'),
  });
  onTestFinished(() => connection.destroy());
  return { provider: open(url, 'notes', { connection, offline: false }), connection };
}

/** Calls it in the next event that tells this. */
function onceSynced(provider: HeddleProvider, isSynced: boolean, call: () => void): void {
  const listener = (is: boolean): void => {
    if (is !== isSynced) return;
    provider.off('sync', listener);
    call();
  };
  provider.on('sync', listener);
}

describe('what is called in an event', () => {
  it('K1: connect, in the event of disconnect, connects', async () => {
    const { provider } = await opened();
    await provider.whenSynced;
    onceSynced(provider, false, () => provider.connect());
    provider.disconnect();
    await until(() => provider.status.phase === 'synced', 'it is open again');
    type(provider, 'text');
    await provider.sync();
  });

  it('K5: destroy, in the event of being synced, leaves no socket', async () => {
    const { provider, connection } = await opened();
    onceSynced(provider, true, () => provider.destroy());
    await until(() => connection.state === 'idle', 'the connection is not needed any more');
    expect(connection.names.size).toBe(0);
  });

  it('K5: destroy, in the event of connect on a connection that is open, leaves no socket', async () => {
    const { provider, connection } = await opened();
    await provider.whenSynced;
    provider.disconnect();
    provider.on('sync-status', () => provider.destroy());
    provider.connect();
    await until(() => connection.state === 'idle', 'the connection is not needed any more');
    expect(connection.names.size).toBe(0);
  });
});
