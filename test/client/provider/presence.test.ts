// K36: what a page says of its own awareness, with a real server in memory.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import { Presence } from '../../../client/document/presence.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice } from './device.js';

interface Page {
  readonly awareness: Awareness;
  /** How many awareness messages it has said. */
  readonly said: () => number;
  /** What the application was told that was not sent. */
  readonly refusals: string[];
  readonly destroy: () => void;
}

let server: SessionServer;
const pages: Page[] = [];

beforeEach(() => {
  server = createSessionServer();
});

afterEach(async () => {
  for (const page of pages.splice(0)) page.destroy();
  await server.run(10);
  await server.close();
});

function open(maxBytes = 65_536): Page {
  const device = openDevice(server, new Network(() => server.transport));
  const awareness = new Awareness(device.doc);
  const refusals: string[] = [];
  const presence = new Presence({
    awareness,
    channel: device.sync.channel,
    isNear: () => false,
    maxBytes: () => maxBytes,
    refused: ({ code, message }) => void refusals.push(`${code} ${message}`),
  });
  const say = vi.spyOn(device.connection, 'say');
  const page: Page = {
    awareness,
    said: () => say.mock.calls.filter(([{ type }]) => type === 'awareness').length,
    refusals,
    destroy() {
      presence.destroy();
      awareness.destroy();
      device.destroy();
    },
  };
  pages.push(page);
  return page;
}

const seen = (by: Page, of: Page): unknown => by.awareness.getStates().get(of.awareness.clientID);

describe('K36: awareness', () => {
  it('is said once a turn, as it is at its end', async () => {
    const [one, two] = [open(), open()];
    await server.run(100);
    const before = one.said();
    for (let i = 0; i <= 2_000; i++) one.awareness.setLocalState({ cursor: i });
    await server.run(100);
    expect(one.said()).toBe(before + 1);
    expect(seen(two, one)).toEqual({ cursor: 2_000 });
  });

  it('under an id that the document had in the turn is gone, and there under the new one', async () => {
    const [one, two] = [open(), open()];
    await server.run(100);
    one.awareness.setLocalState({ user: 'Ann' });
    await server.run(100);
    const old = one.awareness.clientID;
    one.awareness.setLocalState(null);
    one.awareness.clientID = old + 1_000;
    one.awareness.setLocalState({ user: 'Ann' });
    await server.run(100);
    expect([two.awareness.getStates().has(old), seen(two, one)]).toEqual([false, { user: 'Ann' }]);
  });

  it('that the server does not take is told once, not sent, and stops nothing', async () => {
    const [one, two] = [open(1_000), open()];
    one.awareness.setLocalState({ user: 'Ann' });
    await server.run(100);
    const before = one.said();
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const bad = [{ image: 'ä'.repeat(500) }, ['list'], 7, 'words', { big: 1n }, cyclic];
    for (const state of bad) {
      for (let times = 0; times < 3; times++) one.awareness.setLocalState(state as Record<string, unknown>);
      await server.run(100);
    }
    expect(one.refusals.map((words) => words.slice(0, 50))).toEqual([
      'AWARENESS_INVALID the awareness state has 1012 byt',
      'AWARENESS_INVALID an awareness state is an object,',
      'AWARENESS_INVALID an awareness state is an object,',
      'AWARENESS_INVALID an awareness state is an object,',
      'AWARENESS_INVALID the awareness state is no JSON: ',
      'AWARENESS_INVALID the awareness state is no JSON: ',
    ]);
    expect([one.said(), seen(two, one)]).toEqual([before, { user: 'Ann' }]);
    one.awareness.setLocalState({ user: 'Ann', image: '' });
    await server.run(100);
    expect(seen(two, one)).toEqual({ user: 'Ann', image: '' });
  });

  it('that is not said yet is not said when the page lets go of it', async () => {
    const one = open();
    await server.run(100);
    const before = one.said();
    one.awareness.setLocalState({ user: 'Ann' });
    one.destroy();
    pages.length = 0;
    await server.run(100);
    expect(one.said()).toBe(before);
  });
});
