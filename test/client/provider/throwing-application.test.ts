// What an application throws while a document is kept: with a real server in memory.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { SyncedDoc } from '../../support/synced-doc.js';
import type { Position } from '../../../shared/native/position.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { collectUncaught } from '../../support/uncaught.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device({ on = network, ...options }: DeviceOptions & { on?: Network } = {}): Device {
  const one = openDevice(server, on, options);
  cleanup.push(() => one.destroy());
  return one;
}

describe('K31: what an application throws', () => {
  const fault = new Error('of the application');
  const throws = (): never => {
    throw fault;
  };

  it('when it observes the document skips nothing of a frame: acknowledgements, cursor, what comes after', async () => {
    const uncaught = collectUncaught();
    const [one, two] = [device(), device()];
    const positions: Position[] = [];
    await server.run(100);
    two.sync.on('position', (position) => void positions.push(position));
    two.text.observe(throws);
    one.text.insert(0, 'one');
    await server.run(100);
    expect(() => two.text.insert(0, 'two ')).toThrow(fault);
    one.text.insert(0, 'more ');
    await server.run(300);
    expect(two.text.toString()).toBe(one.text.toString());
    expect([two.sync.phase, two.sync.unsynced]).toEqual(['synced', 0]);
    expect(positions.at(-1)?.offset).toBe(3);
    expect(uncaught.length).toBeGreaterThan(0);
    expect(uncaught.every((error) => error === fault)).toBe(true);
  });

  it('when it observes the answer, or the loss of the connection, keeps nothing from being in sync', async () => {
    const uncaught = collectUncaught();
    const one = device();
    one.text.insert(0, 'text');
    await server.run(100);
    const doc = new Y.Doc();
    doc.getText('text').observe(throws);
    const { sync } = device({ doc, on: new Network(() => server.transport) });
    sync.on('phase', throws);
    await server.run(100);
    expect([sync.phase, doc.getText('text').toString()]).toEqual(['synced', 'text']);
    // One of the observer, and one of each phase.
    expect(uncaught.length).toBeGreaterThan(1);
  });

  it('stops none of the other documents of the connection', async () => {
    collectUncaught();
    const one = device();
    one.sync.on('phase', throws);
    const doc = new Y.Doc();
    const { connection } = one;
    const second = new SyncedDoc({
      doc,
      name: 'second',
      connection,
      clock: server.clock,
      random: () => 0.5,
    });
    cleanup.unshift(() => second.destroy());
    second.start();
    await server.run(100);
    expect([one.sync.phase, second.phase]).toEqual(['synced', 'synced']);
    network.state = 'down';
    await server.run(20);
    expect([one.sync.phase, second.phase]).toEqual(['closed', 'closed']);
    network.state = 'up';
    await server.run(5_000, 50);
    expect([one.sync.phase, second.phase]).toEqual(['synced', 'synced']);
  });

  it('K31: an update that cannot be applied has the document asked for again and compared', async () => {
    const uncaught = collectUncaught();
    const [one, two] = [device(), device()];
    await server.run(100);
    const { clients } = two.doc.store;
    Object.defineProperty(two.doc.store, 'clients', {
      configurable: true,
      get() {
        Object.defineProperty(two.doc.store, 'clients', { value: clients });
        throw fault;
      },
    });
    one.text.insert(0, 'text');
    await server.run(20);
    expect(two.sync.reason?.message).toBe(fault.message);
    await server.run(5_000, 50);
    expect([two.sync.phase, two.text.toString()]).toEqual(['synced', 'text']);
    expect(uncaught).toEqual([fault]);
  });
});
