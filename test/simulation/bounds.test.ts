// That the model of a simulated world finds out a server that keeps too much.

import { expect, test } from 'vitest';
import { parseDocumentName } from '../../shared/document-name.js';
import { defaultLimits } from '../../shared/limits.js';
import { createSessionServer } from '../support/session-server.js';
import { Bounds } from './bounds.js';

const document = parseDocumentName('doc');

function watched(limits = defaultLimits): { bounds: Bounds; broken: string[] } {
  const broken: string[] = [];
  const timeline = { violate: (rule: string, what: string): void => void broken.push(`${rule}: ${what}`) };
  return { bounds: new Bounds(timeline, limits), broken };
}

test('E5, O2: what is left when everybody has gone is found out, and a server that serves nobody has nothing left', async () => {
  const limits = { ...defaultLimits, maxIdleBytes: 0 };
  const server = createSessionServer({ limits });
  const { bounds, broken } = watched(limits);
  const peer = await server.connected();
  bounds.checkTimers({ clock: server.clock, server }, 1);
  expect(broken).toEqual([]);
  bounds.checkEmpty({ clock: server.clock, server });
  expect(broken).toContain('O2: 1 connections are left of nobody');
  expect(broken).toContain('O2: 1 documents that nobody has open are kept in memory');
  broken.length = 0;
  peer.close();
  // A timer of the closing handshake is the last to go.
  await server.run(12_000, 100);
  bounds.checkEmpty({ clock: server.clock, server });
  expect(broken).toEqual([]);
  const timers = Array.from({ length: 109 }, () => server.clock.after(1_000, () => {}));
  bounds.checkTimers({ clock: server.clock, server }, 1);
  bounds.checkEmpty({ clock: server.clock, server });
  expect(broken).toEqual([
    'O2: 111 timers for 0 connections and 1 documents',
    'O2: 111 timers are left of nobody',
  ]);
  for (const timer of timers) timer.cancel();
  await server.close();
});

test('E5, O2: too much that is not durable, or kept of a log, is found out', () => {
  const { bounds, broken } = watched({ ...defaultLimits, maxUncommittedBytes: 10, maxKeptLogBytes: 20 });
  const update = new Uint8Array(6);
  const recordsOf = (count: number): { offset: number; time: number; author: string; update: Uint8Array }[] =>
    Array.from({ length: count }, (_, i) => ({ offset: i + 1, time: 0, author: '', update }));
  bounds.checkBatch([{ document, records: recordsOf(2) }]);
  bounds.checkKept(document, 20);
  expect(broken).toEqual([]);
  bounds.checkBatch([{ document, records: recordsOf(3) }]);
  bounds.checkKept(document, 21);
  expect(broken).toEqual([
    'O2: 18 bytes in 3 updates are given to the store at once',
    'O2: 21 bytes of log are kept before the checkpoint of doc',
  ]);
});
