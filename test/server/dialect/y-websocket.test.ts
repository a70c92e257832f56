// The bytes of the stock clients, written out: they change for nobody.

import * as encoding from 'lib0/encoding';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { writePermissionDenied } from 'y-protocols/auth';
import * as syncProtocol from 'y-protocols/sync';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { yWebsocketDialect as dialect } from '../../../server/dialect/y-websocket.js';
import { SyncError } from '../../../shared/errors.js';
import { Random } from '../../support/histories.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);
const payload = bytes(7, 8, 9);
const encoder = dialect.encoder(1);

describe('encode', () => {
  it.each<[what: string, frame: Uint8Array, golden: Uint8Array]>([
    ['a sync request', encoder.request(payload), bytes(0, 0, 3, 7, 8, 9)],
    ['a sync reply', encoder.lastPart(payload), bytes(0, 1, 3, 7, 8, 9)],
    ['an empty sync reply', encoder.lastPart(bytes(0, 0)), bytes(0, 1, 2, 0, 0)],
    ['an update', encoder.update(payload, 5, []), bytes(0, 2, 3, 7, 8, 9)],
    ['awareness', encoder.awareness(payload), bytes(1, 3, 7, 8, 9)],
    [
      'a refusal',
      encoder.refusal(0, new SyncError('READ_ONLY', 'nö')),
      bytes(2, 0, 14, ...Buffer.from('READ_ONLY: nö')),
    ],
    ['a keep-alive', dialect.keepAlive, bytes(1, 1, 0)],
  ])('golden bytes: %s', (_what, frame, golden) => {
    expect(Uint8Array.from(frame)).toEqual(golden);
  });

  it('a length of more than one byte', () => {
    const frame = encoder.part(new Uint8Array(300));
    expect([...frame.subarray(0, 4)]).toEqual([0, 2, 0xac, 0x02]);
    expect(frame.length).toBe(304);
  });

  it('a refusal is what y-protocols writes', () => {
    const written = encoding.createEncoder();
    encoding.writeVarUint(written, 2);
    writePermissionDenied(written, 'READ_ONLY');
    expect(encoder.refusal(0, new SyncError('READ_ONLY'))).toEqual(encoding.toUint8Array(written));
  });
});

describe('decode', () => {
  it.each([
    ['a sync request', bytes(0, 0, 3, 7, 8, 9), { type: 'sync-request', stateVector: payload }],
    ['a sync reply', bytes(0, 1, 3, 7, 8, 9), { type: 'offer', update: payload }],
    ['an update', bytes(0, 2, 3, 7, 8, 9), { type: 'update', update: payload }],
    ['awareness', bytes(1, 3, 7, 8, 9), { type: 'awareness', update: payload }],
    ['a question for awareness', bytes(3), { type: 'awareness-query' }],
  ])('golden bytes: %s', (_what, frame, message) => {
    expect(dialect.read(frame).all()).toEqual([message]);
  });

  it('what y-protocols writes', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'a');
    const awareness = new Awareness(doc);
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    syncProtocol.writeSyncStep1(encoder, doc);
    encoding.writeVarUint(encoder, 0);
    syncProtocol.writeSyncStep2(encoder, doc);
    encoding.writeVarUint(encoder, 1);
    const states = encodeAwarenessUpdate(awareness, [doc.clientID]);
    encoding.writeVarUint8Array(encoder, states);
    awareness.destroy();
    expect(dialect.read(encoding.toUint8Array(encoder)).all()).toEqual([
      { type: 'sync-request', stateVector: Y.encodeStateVector(doc) },
      { type: 'offer', update: Y.encodeStateAsUpdate(doc) },
      { type: 'awareness', update: states },
    ]);
  });

  it('several messages in one frame, in order', () => {
    const frame = bytes(3, 0, 2, 1, 5, 1, 1, 0, 3);
    expect(
      dialect
        .read(frame)
        .all()
        .map(({ type }) => type),
    ).toEqual(['awareness-query', 'update', 'awareness', 'awareness-query']);
  });

  it.each([
    ['nothing', []],
    ['a sync message without its kind', [0]],
    ['a payload without its length', [0, 0]],
    ['a payload that ends early', [0, 2, 4, 1, 2, 3]],
    ['a length beyond all bounds', [0, 2, 255, 255, 255, 255, 255, 255, 255, 15]],
    ['a length that never ends', [0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['a good message and half of one', [3, 0, 1]],
  ])('O1: %s is FRAME_MALFORMED', (_what, frame) => {
    expect(() => dialect.read(Uint8Array.from(frame)).all()).toThrow(
      expect.objectContaining({ code: 'FRAME_MALFORMED' }),
    );
  });

  it.each([
    ['auth, which clients do not send', [2, 0, 0]],
    ['a type nobody knows', [9]],
    ['a sync kind nobody knows', [0, 3, 0]],
    ['one behind a good one', [3, 200, 1]],
  ])('O1: %s is MESSAGE_UNKNOWN', (_what, frame) => {
    expect(() => dialect.read(Uint8Array.from(frame)).all()).toThrow(
      expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }),
    );
  });

  it('O1: random bytes are messages inside of the frame, or refused', () => {
    const random = new Random(5);
    for (let round = 0; round < 5_000; round++) {
      const frame = Uint8Array.from({ length: random.int(20) }, () => random.pick([0, 1, 2, 3, 4, 128, 255]));
      try {
        const messages = dialect.read(frame).all();
        const payloads = messages.map((message) => ('update' in message ? message.update.length : 0));
        expect(payloads.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(frame.length);
      } catch (error) {
        expect(error).toMatchObject({ name: 'SyncError' });
      }
    }
  });
});
