// What the server is built on: versions known to be sound, once each, and held to what was reviewed.

import { existsSync, readFileSync } from 'node:fs';
import * as Y from 'yjs';
import * as decoding from 'lib0/decoding';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { Peer } from '../support/peer.js';
import { serverForTest } from '../support/test-server.js';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

const root = new URL('../../', import.meta.url);
const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');
/** Yjs 14, which only tests use, has a lib0 of its own, where nothing of the server can find it. */
const ofYjs14 = 'node_modules/@y/y/node_modules/';
const named = (name: string): LockedPackage[] =>
  locked
    .filter(([path]) => path.endsWith(`node_modules/${name}`) && !path.startsWith(ofYjs14))
    .map(([, one]) => one);

test.each(['yjs', 'lib0', 'y-protocols'])('O1: there is one copy of %s', (name) => {
  expect(named(name)).toHaveLength(1);
});

test('O1: lib0 checks its bounds', () => {
  const [major, minor, patch] = named('lib0')[0]!.version!.split('.').map(Number) as [number, number, number];
  expect([major, minor]).toEqual([0, 2]);
  expect(patch).toBeGreaterThanOrEqual(119);
  const installed = JSON.parse(
    readFileSync(new URL('node_modules/lib0/package.json', root), 'utf8'),
  ) as LockedPackage;
  expect(installed.version).toBe(named('lib0')[0]!.version);
  // A view into a larger buffer, as Node's small buffers are: what lies behind it must stay out of reach.
  const pool = new Uint8Array(64).fill(7);
  const decoder = decoding.createDecoder(pool.subarray(0, 2));
  pool[0] = 40;
  expect(() => decoding.readVarUint8Array(decoder)).toThrow(/Unexpected end of array|Integer out of/);
});

test('O1: every package in the lockfile has a hash', () => {
  const without = locked.filter(
    ([, one]) => one.link !== true && one.resolved !== undefined && !one.integrity,
  );
  expect(without.map(([path]) => path)).toEqual([]);
  expect(existsSync(new URL('package-lock.json', root))).toBe(true);
});

test('O1: a length past the end of the frame stores nothing of what lies behind it', async () => {
  const store = createMemoryStore();
  const { url } = await serverForTest({ store });
  const peer = await new Peer(`${url}/doc`, { sends: false }).synced();
  const doc = new Y.Doc();
  doc.getMap('m').set('k', new Uint8Array(300));
  const update = Y.encodeStateAsUpdate(doc);
  const message = Uint8Array.of(0, 2, update.length - 200, ...update.subarray(0, update.length - 200));
  peer.send(message);
  expect((await peer.end()).code).toBeGreaterThanOrEqual(4400);
  expect(await store.list()).toEqual([]);
});
