// The bodies of requests and answers, byte by byte.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bodyOverheadBytes,
  decodeBody,
  encodeBody,
  framesInBody,
  maxBodyBytes,
  maxFramesPerBody,
} from '../../../shared/native/over-http.js';

test('X1: a body is a count, the frames, and the end if it is one', () => {
  const frames = [Uint8Array.of(1, 2), new Uint8Array()];
  expect([...encodeBody({ frames })]).toEqual([2, 2, 1, 2, 0]);
  expect([...encodeBody({ frames: [], farewell: { code: 4401, reason: 'é' } })]).toEqual([
    0, 0xb1, 0x22, 2, 0xc3, 0xa9,
  ]);
});

test('X1: what is encoded is decoded', () => {
  const farewell = fc.record({ code: fc.nat(65_535), reason: fc.string() });
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), fc.option(farewell, { nil: undefined }), (frames, end) => {
      const body = decodeBody(encodeBody({ frames, farewell: end }));
      expect(body.frames.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
      expect(body.farewell).toEqual(end);
    }),
  );
});

test('X6: any bytes are decoded or refused, and views stay inside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        for (const frame of decodeBody(bytes).frames) expect(frame.length).toBeLessThan(bytes.length);
      } catch (error) {
        expect(error).toMatchObject({ name: 'SyncError' });
      }
    }),
    { numRuns: 2_000 },
  );
});

test('X2: as many frames go into a body as fit, and one at least', () => {
  const of = (...sizes: number[]): Uint8Array[] => sizes.map((size) => new Uint8Array(size));
  expect(framesInBody([])).toBe(0);
  expect(framesInBody(of(maxBodyBytes + 1, 1))).toBe(1);
  expect(framesInBody(of(1, maxBodyBytes - 1, 1))).toBe(2);
  expect(framesInBody(of(1, maxBodyBytes, 1))).toBe(1);
  expect(framesInBody(Array.from({ length: 5_000 }, () => new Uint8Array()))).toBe(maxFramesPerBody);
  const full = Array.from(
    { length: maxFramesPerBody },
    () => new Uint8Array(maxBodyBytes / maxFramesPerBody),
  );
  expect(encodeBody({ frames: full }).length).toBeLessThanOrEqual(maxBodyBytes + bodyOverheadBytes);
});
