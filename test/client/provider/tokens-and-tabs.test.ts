// What the provider does about tokens, tabs and HTTP, against a real server. Node has BroadcastChannel as a browser has, so
// providers in one process are tabs of one.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider, type HeddleProviderOptions } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

const locked = { auth: { secret: testSecret } };

function tab(url: string, options: HeddleProviderOptions = {}): HeddleProvider {
  // A connection of its own, as every tab has.
  const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket, ...options });
  const provider = new HeddleProvider(url, 'notes', new Y.Doc(), { ...options, connection });
  onTestFinished(() => {
    provider.destroy();
    connection.destroy();
  });
  return provider;
}

const textOf = ({ doc }: HeddleProvider): string => doc.getText('text').toString();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('tokens', () => {
  it('J2, A2: are renewed over the open connection before they end', async () => {
    const { url } = await serverForTest(locked);
    let asked = 0;
    const one = tab(url, {
      token: () => {
        asked++;
        return tokenFor('ann', undefined, 3);
      },
      tabs: false,
    });
    const ended: unknown[] = [];
    one.connection.on('ended', (reason) => void ended.push(reason));
    await one.whenSynced;
    one.doc.getText('text').insert(0, 'a');
    await until(() => asked >= 3, 'it is renewed again and again');
    one.doc.getText('text').insert(0, 'b');
    await one.sync();
    expect(ended).toEqual([]);
    expect(one.status).toMatchObject({ phase: 'synced', reason: undefined });
  });

  it('J4: one that is refused is replaced, and nobody is told of an end meanwhile', async () => {
    const { url } = await serverForTest(locked);
    const tokens = ['no token at all', await tokenFor('ann')];
    const one = tab(url, { token: () => tokens.shift() ?? tokenFor('ann'), tabs: false });
    const closed: unknown[] = [];
    one.on('closed', (event) => void closed.push(event));
    await one.whenSynced;
    expect(closed).toEqual([]);
    expect(one.status.reason).toBeUndefined();
  });

  it('K32: `connect` after a logout asks for a token anew, of the provider and of the connection', async () => {
    const { url } = await serverForTest(locked);
    let asked = 0;
    const one = tab(url, { tabs: false, token: () => tokenFor(`ann ${++asked}`) });
    for (const who of [one, one.connection]) {
      await until(() => one.synced, 'it is in sync');
      const before = asked;
      await one.connection.logout();
      await until(() => !one.connection.connected, 'it is logged out');
      // Whoever only opens another document stays logged out.
      const other = new HeddleProvider(url, 'other', new Y.Doc(), {
        connection: one.connection,
        tabs: false,
      });
      await pause(20);
      other.destroy();
      expect([one.status.reason?.kind, asked]).toEqual(['logged-out', before]);
      who.connect();
      await until(() => one.synced, 'it is back');
      expect([one.status.reason, asked]).toEqual([undefined, before + 1]);
    }
  });

  it('K32: `connect` after a logout is enough where nobody needs a token', async () => {
    const { url } = await serverForTest();
    const one = tab(url, { tabs: false });
    await one.whenSynced;
    await one.connection.logout();
    await until(() => !one.synced, 'it is logged out');
    one.connect();
    await until(() => one.synced, 'it is back');
  });

  it('K32: a connection that was destroyed stays so', async () => {
    const { url } = await serverForTest();
    const one = tab(url, { tabs: false });
    await one.whenSynced;
    one.connection.destroy();
    one.connection.connect();
    one.connect();
    await pause(20);
    expect([one.connection.state, one.connection.connected]).toEqual(['idle', false]);
  });

  it('J6: a logout ends the connections of all tabs; logging in again brings them back', async () => {
    const { url } = await serverForTest(locked);
    const token = (): Promise<string> => tokenFor('ann');
    const [one, two] = [tab(url, { token }), tab(url, { token })];
    await Promise.all([one.whenSynced, two.whenSynced]);
    await one.connection.logout();
    for (const each of [one, two]) {
      await until(() => !each.connection.connected, 'it is closed');
      expect(each.status).toMatchObject({ phase: 'offline', reason: { kind: 'logged-out', isFinal: true } });
    }
    one.doc.getText('text').insert(0, 'kept');
    one.connection.connect();
    await one.sync();
    expect(one.status).toMatchObject({ phase: 'synced', reason: undefined });
    expect(two.connection.connected).toBe(false);
  });

  it('J18: a logout ends no connection of another user of the page', async () => {
    const { url } = await serverForTest(locked);
    const [ann, bob] = [
      tab(url, { token: () => tokenFor('ann') }),
      tab(url, { token: () => tokenFor('bob') }),
    ];
    await Promise.all([ann.whenSynced, bob.whenSynced]);
    await ann.connection.logout();
    await until(() => !ann.connection.connected, 'it is closed');
    await pause(50);
    bob.doc.getText('text').insert(0, 'goes on');
    await bob.sync();
    expect([ann.status.reason?.kind, bob.status.phase]).toEqual(['logged-out', 'synced']);
  });
});

describe('tabs', () => {
  it('J7: exchange edits and awareness without a server', async () => {
    const server = await serverForTest();
    const [one, two] = [tab(server.url), tab(server.url)];
    await Promise.all([one.whenSynced, two.whenSynced]);
    await server.close();
    await until(() => [one, two].every(({ status }) => status.phase === 'offline'), 'both are offline');
    one.doc.getText('text').insert(0, 'from tab to tab');
    one.awareness.setLocalStateField('user', 'Ann');
    await until(() => textOf(two) === 'from tab to tab', 'the edit is there');
    await until(
      () => two.awareness.getStates().get(one.doc.clientID)?.['user'] === 'Ann',
      'the awareness is there',
    );
    expect([one.unsyncedChanges, two.unsyncedChanges]).toEqual([1, 0]);
  });

  it('J9, A1: one that may not read the document gets nothing of it from the others', async () => {
    const { url } = await serverForTest(locked);
    const allowed = tab(url, { token: await tokenFor('ann') });
    await allowed.whenSynced;
    const stranger = tab(url, {
      token: await tokenFor('bob', [{ pattern: 'elsewhere', access: 'write' }]),
    });
    await expect(stranger.whenSynced).rejects.toMatchObject({ code: 'FORBIDDEN' });
    allowed.doc.getText('text').insert(0, 'secret');
    allowed.awareness.setLocalStateField('user', 'Ann');
    await allowed.sync();
    await pause(100);
    expect(textOf(stranger)).toBe('');
    expect([...stranger.awareness.getStates().keys()]).toEqual([stranger.doc.clientID]);
    stranger.doc.getText('text').insert(0, 'graffiti');
    await pause(100);
    expect(textOf(allowed)).toBe('secret');
  });

  it('J11: what a tab had when it closed without a server is brought there by the others', async () => {
    const first = await serverForTest();
    const [one, two] = [tab(first.url), tab(first.url)];
    await Promise.all([one.whenSynced, two.whenSynced]);
    await first.close();
    await until(() => [one, two].every(({ status }) => status.phase === 'offline'), 'both are offline');
    one.doc.getText('text').insert(0, 'left behind');
    await until(() => textOf(two) === 'left behind', 'the other has it');
    one.destroy();
    one.connection.destroy();
    const second = await serverForTest({ port: first.port });
    two.connection.connect();
    await until(() => two.status.phase === 'synced', 'it is back');
    const reader = tab(second.url, { tabs: false });
    await until(() => textOf(reader) === 'left behind', 'the server has it');
  });
});

describe('HTTP', () => {
  it('X1, X7: carries the documents where there is no WebSocket, and the status says so', async () => {
    const { url } = await serverForTest();
    class NoWebSocket extends EventTarget {
      readonly binaryType = '';
      readonly readyState = 0;
      readonly bufferedAmount = 0;
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' })));
      }
      send(): void {}
      close(): void {}
    }
    const over = tab(url, {
      WebSocketPolyfill: NoWebSocket as unknown as NonNullable<HeddleProviderOptions['WebSocketPolyfill']>,
      tabs: false,
    });
    const other = tab(url, { tabs: false });
    await Promise.all([over.whenSynced, other.whenSynced]);
    expect([over.status.transport, other.status.transport]).toEqual(['http', 'websocket']);
    over.doc.getText('text').insert(0, 'by post');
    await over.sync();
    await until(() => textOf(other) === 'by post', 'the other has it');
    over.disconnect();
    expect(over.status.transport).toBeUndefined();
  });
});
