// Random and damaged bytes into everything that reads what clients send: an answer or a SyncError, in bounded space.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { decodeAwareness, faultOfJson, faultOfSize } from '../../server/room/awareness-codec.js';
import { decodeStateVector } from '../../server/crdt/state-vector.js';
import { yWebsocketDialect } from '../../server/dialect/y-websocket.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import { defaultLimits } from '../../shared/limits.js';
import { encodeAwareness, frameOf } from '../support/peer.js';
import { chooseSeed, withSeed, type SeededRandom } from '../support/seeded-random.js';

const seed = chooseSeed();
const rounds = Number(process.env['HEDDLE_FUZZ_ROUNDS'] ?? 20_000);

function goodFrames(): Uint8Array[] {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'Hello world');
  doc.getMap('map').set('k', [1, { a: 'b' }]);
  doc.getText('text').delete(2, 3);
  const update = Y.encodeStateAsUpdate(doc);
  const awareness = encodeAwareness([
    { clientId: doc.clientID, clock: 3, state: { user: { name: 'Ada' }, cursor: [1, 2] } },
    { clientId: 7, clock: 1, state: null },
  ]);
  return [
    frameOf([0, 0], Y.encodeStateVector(doc)),
    frameOf([0, 1], update),
    frameOf([0, 2], update),
    frameOf([1], awareness),
    Uint8Array.of(3),
    Buffer.concat([frameOf([0, 2], update), Uint8Array.of(3), frameOf([1], awareness)]),
  ];
}

/** Some bytes changed, left out, put in, doubled, or all of them made up. */
function mutate(frame: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.chance(0.1)) return random.bytes(random.int(40));
  let bytes = [...frame];
  for (let left = 1 + random.int(4); left > 0; left--) {
    const at = random.int(bytes.length + 1);
    switch (random.int(6)) {
      case 0:
        bytes[at] = random.int(256);
        break;
      case 1:
        bytes.splice(at, 1 + random.int(4));
        break;
      case 2:
        bytes.splice(at, 0, ...random.bytes(1 + random.int(9)));
        break;
      case 3:
        // A varint as large as they get, where a length or a count may be.
        bytes.splice(at, 1, ...Array.from({ length: random.int(10) }, () => 0xff), random.int(128));
        break;
      case 4:
        bytes = bytes.slice(0, at);
        break;
      default:
        bytes.splice(at, 0, ...bytes.slice(random.int(at + 1), at));
    }
  }
  return Uint8Array.from(bytes);
}

/** Of one awareness message. */
const maxEntries = defaultLimits.maxAwarenessEntries;

/** All that is done with a frame before a document sees it. */
function read(frame: Uint8Array): number {
  let size = 0;
  for (const message of yWebsocketDialect.read(frame).all()) {
    size++;
    if (message.type === 'sync-request') {
      size += decodeStateVector(message.stateVector, defaultLimits).size;
    } else if (message.type === 'awareness') {
      for (const { state } of decodeAwareness(message.update, maxEntries).entries) {
        faultOf(state);
        size++;
      }
    } else if ('update' in message) {
      expect(message.update.byteOffset + message.update.length).toBeLessThanOrEqual(frame.buffer.byteLength);
    }
  }
  return size;
}

test(`O1: damaged frames are read or refused, seed ${seed}`, async () => {
  await withSeed(seed, (random) => {
    const frames = goodFrames();
    for (const frame of frames) expect(read(frame)).toBeGreaterThan(0);
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const frame = mutate(random.pick(frames), random);
      try {
        // No more things come out of a frame than it has bytes.
        expect(read(frame)).toBeLessThanOrEqual(frame.length);
      } catch (error) {
        if (!(error instanceof SyncError))
          throw new Error(`the frame ${Buffer.from(frame).toString('hex')}`, { cause: error });
        expect(toSyncError(error).code).toMatch(
          /^(FRAME_MALFORMED|MESSAGE_UNKNOWN|STATE_VECTOR_INVALID|AWARENESS_INVALID)$/,
        );
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(rounds / 10);
  });
});

test('O1: a frame cut off anywhere is refused, or is what came before the cut', () => {
  for (const frame of goodFrames()) {
    const whole = yWebsocketDialect.read(frame).all().length;
    for (let length = 0; length < frame.length; length++) {
      try {
        expect(yWebsocketDialect.read(frame.slice(0, length)).all().length).toBeLessThan(whole);
      } catch (error) {
        expect(error).toBeInstanceOf(SyncError);
      }
    }
  }
});

const max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

function faultOf(state: string): SyncError | undefined {
  return faultOfSize(state, defaultLimits) ?? faultOfJson(state, defaultLimits);
}

/** Throws what is wrong with the state. */
function refused(state: string): void {
  const fault = faultOf(state);
  if (fault !== undefined) throw fault;
}

const lies: Record<string, () => unknown> = {
  'a payload of 2^53 bytes': () => yWebsocketDialect.read(Uint8Array.of(0, 2, ...max)).all(),
  'a type of 2^53': () => yWebsocketDialect.read(Uint8Array.of(...max, 0)).all(),
  'an endless varint': () => yWebsocketDialect.read(new Uint8Array(64).fill(0xff)).all(),
  'a state vector of 2^53 entries': () => decodeStateVector(Uint8Array.of(...max, 1, 1), defaultLimits),
  'a state vector of 2^25 entries': () =>
    decodeStateVector(Uint8Array.of(0x80, 0x80, 0x80, 0x10, 1, 1), defaultLimits),
  'a state vector with a client id twice': () =>
    decodeStateVector(Uint8Array.of(2, 5, 1, 5, 2), defaultLimits),
  'a state vector with a clock of 2^53': () => decodeStateVector(Uint8Array.of(1, 5, ...max), defaultLimits),
  'bytes after a state vector': () => decodeStateVector(Uint8Array.of(1, 5, 1, 0), defaultLimits),
  'an empty state vector message': () => decodeStateVector(new Uint8Array(0), defaultLimits),
  'an awareness update of 2^53 entries': () => decodeAwareness(Uint8Array.of(...max), maxEntries),
  'an awareness clock of 2^53': () =>
    decodeAwareness(Uint8Array.of(1, 5, ...max, 1, 2, 123, 125), maxEntries),
  'bytes after an awareness update': () => decodeAwareness(Uint8Array.of(0, 0), maxEntries),
  'a deep state': () => refused('['.repeat(1_000_000)),
  'a deep state in objects': () => refused('{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000)),
};

test.each(Object.entries(lies))('O2: %s is refused before it costs anything', (_name, decode) => {
  const before = process.memoryUsage();
  expect(decode).toThrow(SyncError);
  const after = process.memoryUsage();
  expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(
    16 * 1024 * 1024,
  );
});
