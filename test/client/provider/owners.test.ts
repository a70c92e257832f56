// Whose a document is: what was loaded for one user of one server is neither sent nor shown as another's.

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../client/connection/connection.js';
import type { CopyOwner } from '../../../client/offline/copy-owner.js';
import { OfflineCopy } from '../../../client/offline/offline-copy.js';
import { KeptDocument } from '../../../client/provider/kept-document.js';
import { FakeBrowser } from '../../support/browser-platform.js';
import { Network } from '../../support/client-sockets.js';
import { Device } from '../../support/offline-device.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { settled } from '../../support/turns.js';

let server: SessionServer;
let network: Network;
let device: Device;
let browser: FakeBrowser;
const cleanup: (() => void)[] = [];
const url = 'ws://server/';

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
  device = new Device();
  browser = new FakeBrowser({ clock: server.clock, pick: () => 0 });
  for (const name of ['alice', 'bob']) server.bearers.byToken.set(name, { sub: name, access: 'write' });
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await settled(20);
  await server.run(10);
  await server.close();
});

interface Opened {
  readonly kept: KeptDocument;
  readonly text: Y.Text;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** A tab of somebody with this token. `remembered`: what the device knows before the server has spoken. */
function open(token: string, remembered: Partial<CopyOwner> = { user: token }): Opened {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const { clock, BroadcastChannel } = browser.open();
  const deps = { clock: server.clock, random: Math.random };
  const locks = device.locks.tab();
  const owner = async (): Promise<CopyOwner> => ({ url, ...remembered });
  const connection = new Connection({
    url,
    token: async () => token,
    device: 'device',
    agent: 'test/1',
    openSocket: network.openSocket,
    ...deps,
  });
  const copy = new OfflineCopy('doc', { ...device.deps, ...deps, locks, owner });
  const kept = new KeptDocument({
    doc,
    awareness,
    name: 'doc',
    connection,
    copy,
    owner,
    url,
    channelName: 'tabs',
    tabPlatform: { BroadcastChannel, locks },
    ...deps,
    clock,
  });
  kept.open();
  connection.connect();
  const close = async (): Promise<void> => {
    kept.destroy();
    connection.destroy();
    awareness.destroy();
    await copy.close();
  };
  cleanup.push(() => void close());
  return { kept, text: doc.getText('text'), connection, close };
}

const there = async (): Promise<string> => (await server.connected({ path: '/doc' })).text;

describe('K21: a document and its owner', () => {
  it('K21: what one user has not sent is not seen by the next, not sent as theirs, and there when the first is back', async () => {
    const first = open('alice');
    await server.run(300);
    first.text.insert(0, 'shared');
    await server.run(500);
    network.state = 'down';
    await server.run(100);
    first.text.insert(0, 'of alice ');
    await server.run(500);
    await first.close();
    network.state = 'up';
    const second = open('bob');
    await second.kept.whenLoaded;
    expect(second.text.toJSON()).toBe('');
    await server.run(500);
    second.text.insert(0, 'of bob ');
    await server.run(500);
    expect([second.kept.phase, second.kept.unsynced, await there()]).toEqual(['synced', 0, 'of bob shared']);
    await second.close();
    const again = open('alice');
    await again.kept.whenLoaded;
    expect(again.text.toJSON()).toBe('of alice shared');
    await server.run(500);
    expect(await there()).toContain('of alice');
  });

  it('K21: a text of one server does not reach another under the same name', async () => {
    const first = open('alice');
    await server.run(300);
    first.text.insert(0, 'of the first');
    await server.run(500);
    const { welcome } = first.connection;
    await first.close();
    await server.run(100);
    await server.close();
    server = createSessionServer({ gateway: { identity: { server: 'second', run: 'run' } } });
    server.bearers.byToken.set('alice', { sub: 'alice', access: 'write' });
    // As the device remembers it: the address is that of the first server still.
    const second = open('alice', { server: welcome!.server, user: 'alice' });
    await second.kept.whenLoaded;
    expect(second.text.toJSON()).toBe('of the first');
    await server.run(500);
    second.text.insert(0, 'more ');
    await server.run(500);
    expect([welcome!.server, second.connection.welcome!.server]).toEqual(['server', 'second']);
    expect([second.kept.isOfOther, second.kept.phase, await there()]).toEqual([true, 'closed', '']);
    await second.close();
    const fresh = open('alice', {
      server: 'second',
      user: 'alice',
    });
    await fresh.kept.whenLoaded;
    await server.run(500);
    expect([fresh.text.toJSON(), fresh.kept.isOfOther, fresh.kept.phase]).toEqual(['', false, 'synced']);
  });

  it('I29: has values of its own beside the document, which nobody else reads', async () => {
    const first = open('alice');
    await server.run(300);
    await first.kept.values.set('k', 'of alice');
    await first.close();
    const second = open('bob');
    await server.run(300);
    expect(await second.kept.values.get('k')).toBeUndefined();
    await second.close();
    const wrong = open('bob', { server: 'server', user: 'alice' });
    await server.run(300);
    expect(wrong.kept.isOfOther).toBe(true);
    expect(() => wrong.kept.values).toThrow(expect.objectContaining({ code: 'OFFLINE_FORBIDDEN' }));
    await wrong.close();
    server.bearers.byToken.set('alice', { sub: 'alice', access: 'none' });
    const refused = open('alice');
    await refused.kept.whenLoaded;
    await server.run(300);
    expect(() => refused.kept.values).toThrow(expect.objectContaining({ code: 'OFFLINE_FORBIDDEN' }));
  });

  it('K21: who was taken for somebody else is told, and goes on when that one is back', async () => {
    const before = open('alice');
    await server.run(300);
    before.text.insert(0, 'of alice');
    await server.run(500);
    await before.close();
    // The token is not known before it is asked for: the device remembers who was here last.
    const wrong = open('bob', { user: 'alice' });
    let told = 0;
    wrong.kept.on('other-owner', () => void told++);
    await wrong.kept.whenLoaded;
    await server.run(500);
    wrong.text.insert(0, 'typed ');
    await server.run(500);
    expect([told, wrong.kept.isOfOther, wrong.kept.unsynced, await there()]).toEqual([
      1,
      true,
      1,
      'of alice',
    ]);
    wrong.connection.disconnect();
    await wrong.close();
    const again = open('alice');
    await server.run(500);
    expect([again.kept.phase, await there()]).toEqual(['synced', 'typed of alice']);
  });

  it('K21: an edit made before anybody was known belongs to the first who may write it', async () => {
    network.state = 'down';
    const unknown = open('alice', {});
    await unknown.kept.whenLoaded;
    unknown.text.insert(0, 'typed early');
    await server.run(500);
    await unknown.close();
    network.state = 'up';
    const known = open('alice');
    await server.run(500);
    expect([known.text.toJSON(), await there()]).toEqual(['typed early', 'typed early']);
    await known.close();
    const other = open('bob');
    await other.kept.whenLoaded;
    expect(other.text.toJSON()).toBe('');
  });

  it('K21: tabs of another user hear nothing, nor does a tab whose user has logged out', async () => {
    const [one, two, other] = [open('alice'), open('alice'), open('bob')];
    const pass = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await server.run(25);
        while (browser.deliver()) await Promise.resolve();
      }
    };
    await pass();
    network.state = 'down';
    await pass();
    one.text.insert(0, 'x');
    await pass();
    expect([two.text.toJSON(), other.text.toJSON()]).toEqual(['x', '']);
    two.kept.leaveTabs();
    one.text.insert(0, 'y');
    await pass();
    expect(two.text.toJSON()).toBe('x');
  });

  it('K22: who has lost the right is not shown the copy again, until the right is back', async () => {
    const first = open('alice');
    await server.run(300);
    first.text.insert(0, 'secret');
    await server.run(500);
    server.bearers.byToken.get('alice')!.access = 'none';
    await first.close();
    const again = open('alice');
    await again.kept.whenLoaded;
    await server.run(500);
    expect(again.kept.phase).toBe('blocked');
    await again.close();
    network.state = 'down';
    const offline = open('alice');
    await expect(offline.kept.whenLoaded).rejects.toMatchObject({ code: 'OFFLINE_FORBIDDEN' });
    expect(offline.text.toJSON()).toBe('');
    server.bearers.byToken.get('alice')!.access = 'write';
    network.state = 'up';
    await server.run(2_000);
    offline.connection.nudge();
    await server.run(2_000);
    expect([offline.kept.phase, offline.text.toJSON(), offline.kept.offlineError]).toEqual([
      'synced',
      'secret',
      undefined,
    ]);
  });
});
