// The native protocol's bytes. These are the frames of version 2, the first that can grow: clients that were built with it are
// installed somewhere, so a golden frame never changes.

import { describe, expect, it } from 'vitest';
import type { Known } from '../../../shared/native/fields.js';
import {
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrame,
  readClientFrame,
} from '../../../shared/native/frame.js';
import {
  clientMessages,
  serverMessages,
  type NativeClientMessage,
  type NativeServerMessage,
} from '../../../shared/native/messages.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
/** 2026-01-01, ms and s. */
const [time, expiresAt] = [1_767_225_600_000, 1_767_225_600];

const open = (known: Known): NativeClientMessage => ({ type: 'open', ref: 1, name: 'a/ü', known });

const clientGolden: readonly [NativeClientMessage, string][] = [
  [
    {
      type: 'hello',
      version: 2,
      oldest: 2,
      token: 't.o.k',
      device: 'd1',
      agent: 'x/1',
      extensions: { comments: true },
    },
    '00020205742e6f2e6b02643103782f3101030101',
  ],
  [
    { type: 'hello', version: 2, oldest: 2, token: 't.o.k', device: 'd1', agent: 'x/1' },
    '00020205742e6f2e6b02643103782f3100',
  ],
  [
    {
      type: 'hello',
      version: 2,
      oldest: 2,
      token: '',
      device: '',
      agent: '',
      extensions: { session: 's1' },
    },
    '000202000000010103027331',
  ],
  [
    {
      type: 'hello',
      version: 2,
      oldest: 2,
      token: '',
      device: '',
      agent: '',
      extensions: { inflates: true },
    },
    '00020200000001020101',
  ],
  [open({ kind: 'nothing' }), '010104612fc3bc0000'],
  [open({ kind: 'offset', epoch: 'e1', offset: 300 }), '010104612fc3bc01026531ac0200'],
  [open({ kind: 'state-vector', stateVector: bytes('010203') }), '010104612fc3bc020301020300'],
  [{ type: 'request', document: 7, stateVector: bytes('00') }, '02070100'],
  [{ type: 'update', document: 7, seq: 1, update: bytes('0000') }, '030701020000'],
  [{ type: 'offer', document: 7, seq: 2, update: bytes('0000') }, '040702020000'],
  [{ type: 'awareness', document: 7, update: bytes('00') }, '05070100'],
  [{ type: 'sync', document: 7 }, '0607'],
  [{ type: 'close', document: 7 }, '0707'],
  [{ type: 'token', token: 't.o.k' }, '0805742e6f2e6b'],
  [{ type: 'ping', clientTime: time }, '0980d0eab6b733'],
  [{ type: 'call', id: 5, document: 7, method: 'm', body: bytes('00ff') }, '0a0507016d0200ff'],
  [{ type: 'deflated', size: 300, body: bytes('00ff') }, '0bac020200ff'],
  [{ type: 'operate', document: 7, id: 5, isAtEnd: true, operation: bytes('7b7d') }, '0c070501027b7d'],
  [{ type: 'leave' }, '0d'],
  [
    {
      type: 'hello',
      version: 2,
      oldest: 2,
      token: '',
      device: '',
      agent: '',
      extensions: { deviceName: 'Ü', platform: 'tv' },
    },
    '00020200000002040302c39c0503027476',
  ],
  [{ type: 'devices', id: 5, isWatch: true }, '0e0501'],
  [{ type: 'change-device', id: 5, device: 'd1', isSignOut: false, name: 'Ü' }, '0f050264310002c39c'],
  [{ type: 'change-device', id: 5, device: 'd1', isSignOut: true, name: '' }, '0f050264310100'],
  [{ type: 'watch-roster', document: 7, isOn: true }, '100701'],
];

const serverGolden: readonly [NativeServerMessage, string][] = [
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: time,
      expiresAt,
      maxSilenceMs: 40_000,
      server: 's',
      run: 'r',
      user: 'u',
      limits: { a: 300 },
    },
    '000280d0eab6b73380f2d6ca06c0b802017301720175010161ac0200',
  ],
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: 1,
      expiresAt: 0,
      maxSilenceMs: 2,
      server: '',
      run: '',
      user: '',
      limits: {},
      extensions: { inflates: true },
    },
    '00020100020000000001010101',
  ],
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: 1,
      expiresAt: 0,
      maxSilenceMs: 2,
      server: '',
      run: '',
      user: '',
      limits: {},
      extensions: { operates: true },
    },
    '00020100020000000001020101',
  ],
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: 1,
      expiresAt: 0,
      maxSilenceMs: 2,
      server: '',
      run: '',
      user: '',
      limits: {},
      extensions: { commentRoots: ['c'] },
    },
    '000201000200000000010303010163',
  ],
  [
    {
      type: 'opened',
      ref: 1,
      document: 7,
      writer: 3,
      access: 'write',
      epoch: 'e1',
      isContentNext: true,
      stateVector: bytes('00'),
    },
    '010107030202653101010000',
  ],
  [
    { type: 'not-opened', ref: 1, code: 'FORBIDDEN', close: 4403, reason: 'no' },
    '020109464f5242494444454eb322026e6f',
  ],
  [
    {
      type: 'update',
      document: 7,
      cursor: 300,
      acks: [
        { writer: 3, seq: 1 },
        { writer: 200, seq: 2 },
      ],
      update: bytes('0000'),
    },
    '0307ac02020301c80102020000',
  ],
  [{ type: 'ack', document: 7, cursor: 300, seq: 2 }, '0407ac0202'],
  [{ type: 'awareness', document: 7, update: bytes('00') }, '05070100'],
  [{ type: 'synced', document: 7, cursor: 300 }, '0607ac02'],
  [
    { type: 'closed', document: 7, code: 'FORBIDDEN', close: 4403, reason: '' },
    '070709464f5242494444454eb32200',
  ],
  [{ type: 'authenticated', expiresAt }, '0880f2d6ca06'],
  [{ type: 'pong', clientTime: 1, serverTime: 2 }, '090102'],
  [
    { type: 'refused', document: 7, seq: 2, code: 'READ_ONLY', close: 4403, reason: '' },
    '0a070209524541445f4f4e4c59b32200',
  ],
  [{ type: 'access', document: 7, access: 'read' }, '0b0701'],
  [{ type: 'access', document: 7, access: 'comment' }, '0b0703'],
  [{ type: 'token-wanted', reason: 'x' }, '0c0178'],
  [{ type: 'wanted', document: 7, stateVector: bytes('00') }, '0d070100'],
  [
    { type: 'goodbye', code: 'DRAINING', close: 1012, reason: '', retryAfterMs: 500 },
    '0e08445241494e494e47f40700f403',
  ],
  [{ type: 'rights-changed', later: bytes('') }, '4000'],
  [{ type: 'result', id: 5, code: '', close: 0, reason: '', body: bytes('ff') }, '0f0500000001ff'],
  [{ type: 'deflated', size: 300, body: bytes('00ff') }, '10ac020200ff'],
  [
    {
      type: 'roster',
      document: 7,
      kind: 'whole',
      people: [{ user: 'u', claims: '{}', devices: 2, since: 300, lastActive: 1, lastSeen: 0 }],
    },
    '110701010175027b7d02ac020100',
  ],
  [{ type: 'roster', document: 7, kind: 'denied', people: [] }, '11070000'],
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: 1,
      expiresAt: 0,
      maxSilenceMs: 2,
      server: '',
      run: '',
      user: '',
      limits: {},
      extensions: { rosters: true },
    },
    '00020100020000000001050101',
  ],
  [
    {
      type: 'welcome',
      version: 2,
      serverTime: 1,
      expiresAt: 0,
      maxSilenceMs: 2,
      server: '',
      run: '',
      user: '',
      limits: {},
      extensions: { inflates: true, operates: true, commentRoots: ['c'], devices: true, rosters: true },
    },
    '000201000200000000050101010201010303010163040101050101',
  ],
];

describe('frames of a client', () => {
  it.each(clientGolden)('%j', (message, golden) => {
    expect(hex(encodeClientFrame(message))).toBe(golden);
    expect(decodeClientFrame(bytes(golden))).toEqual([message]);
  });

  it('all messages have a golden frame', () => {
    expect(new Set(clientGolden.map(([{ type }]) => type))).toEqual(new Set(Object.keys(clientMessages)));
  });

  it('hold several messages', () => {
    const messages = clientGolden.map(([message]) => message);
    const frame = encodeClientFrame(...messages);
    expect(hex(frame)).toBe(clientGolden.map(([, golden]) => golden).join(''));
    expect(decodeClientFrame(frame)).toEqual(messages);
  });

  it('O1: are read one message at a time, and what is kept is a copy of the rest', () => {
    const messages = clientGolden.map(([message]) => message);
    const frame = Uint8Array.of(...encodeClientFrame(...messages), 0x3f);
    const reader = readClientFrame(frame);
    expect(reader.next()).toEqual(messages[0]);
    const kept = reader.keep();
    frame.fill(0);
    for (const message of messages.slice(1)) expect(kept.next()).toEqual(message);
    expect([kept.isAtEnd, kept.bytes]).toEqual([false, 1]);
    expect(() => kept.next()).toThrow(expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }));
  });

  it('O1: cut short anywhere, are refused', () => {
    for (const [, golden] of clientGolden) {
      const whole = bytes(golden);
      for (let length = 0; length < whole.length; length++)
        expect(() => decodeClientFrame(whole.subarray(0, length)), `${golden} to ${length}`).toThrow(
          expect.objectContaining({ code: 'FRAME_MALFORMED' }),
        );
    }
  });

  it.each([
    ['an unknown message', '3f', 'MESSAGE_UNKNOWN'],
    ['a hello of version 1', '000105742e6f2e6b02643103782f31', 'VERSION_UNSUPPORTED'],
    ['an unknown kind of knowledge', '01010161 03', 'FRAME_MALFORMED'],
    ['a number beyond 2^53', '06ffffffffffffffffff01', 'FRAME_MALFORMED'],
    ['a length beyond the frame', '08ff01', 'FRAME_MALFORMED'],
  ])('O1: %s is refused', (_what, frame, code) => {
    expect(() => decodeClientFrame(bytes(frame.replaceAll(' ', '')))).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('what a later version may say', () => {
  it('N16: a message from number 64 on is passed over, and what stands around it is read', () => {
    const ping = '090b';
    const frame = bytes(`${ping}4103aabbcc${ping}c80100${ping}`);
    expect(decodeClientFrame(frame)).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'ping', clientTime: 11 })),
    );
    expect(decodeServerFrame(bytes('0c01784103aabbcc0c0178')).length).toBe(2);
    expect(() => decodeServerFrame(bytes('4104aabbcc'))).toThrow(
      expect.objectContaining({ code: 'FRAME_MALFORMED' }),
    );
  });

  it('N16: what a later version adds behind the fields of a message from number 64 on is passed over', () => {
    expect(decodeServerFrame(bytes('4003aabbcc0c0178'))).toEqual([
      { type: 'rights-changed', later: bytes('aabbcc') },
      { type: 'token-wanted', reason: 'x' },
    ]);
  });

  it('N16: extensions that are not known are passed over, wherever they stand', () => {
    const hello = (count: string, extensions: string): string => `000202000264310178${count}${extensions}`;
    const expected = { type: 'hello', version: 2, oldest: 2, token: '', device: 'd1', agent: 'x' };
    expect(decodeClientFrame(bytes(hello('01', '0903aabbcc')))).toEqual([expected]);
    expect(decodeClientFrame(bytes(hello('03', '0903aabbcc0103027331c80100')))).toEqual([
      { ...expected, extensions: { session: 's1' } },
    ]);
    for (const lie of ['0903aabb', '09ff01'])
      expect(() => decodeClientFrame(bytes(hello('01', lie)))).toThrow(
        expect.objectContaining({ code: 'FRAME_MALFORMED' }),
      );
  });

  it('N16, O2: more extensions than a message may have are refused before they are read', () => {
    const hello = (count: number): Uint8Array =>
      bytes(`000202000264310178${count.toString(16).padStart(2, '0')}${'0900'.repeat(count)}`);
    expect(decodeClientFrame(hello(64)).length).toBe(1);
    expect(() => decodeClientFrame(hello(65))).toThrow(expect.objectContaining({ code: 'FRAME_MALFORMED' }));
  });

  it('N16: a limit that is not known does no harm, whatever it is called', () => {
    const limits = { 'limit of later': 1, ['__proto__']: 2, maxMessageBytes: 3 };
    const welcome = {
      version: 2,
      serverTime: 0,
      expiresAt: 0,
      maxSilenceMs: 0,
      server: '',
      run: '',
      user: '',
    };
    const [read] = decodeServerFrame(encodeServerFrame({ type: 'welcome', ...welcome, limits }));
    expect(read).toMatchObject({ limits: { maxMessageBytes: 3 } });
    expect(({} as Record<string, unknown>)['limit of later']).toBeUndefined();
  });
});

describe('frames of a server', () => {
  it.each(serverGolden)('%j', (message, golden) => {
    expect(hex(encodeServerFrame(message))).toBe(golden);
    expect(decodeServerFrame(bytes(golden))).toEqual([message]);
  });

  it('all messages have a golden frame', () => {
    expect(new Set(serverGolden.map(([{ type }]) => type))).toEqual(new Set(Object.keys(serverMessages)));
  });

  it('N24: what was deflated holds no other deflated message', () => {
    const inside = encodeServerFrame({ type: 'deflated', size: 1, body: bytes('00') });
    expect(() => decodeServerFrame(inside, true)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }),
    );
    const said = encodeClientFrame({ type: 'deflated', size: 1, body: bytes('00') });
    expect(() => readClientFrame(said, true).next()).toThrow(
      expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }),
    );
  });

  it('O1: a count of acks that lies is refused', () => {
    expect(() => decodeServerFrame(bytes('030700ffffffff0f'))).toThrow(
      expect.objectContaining({ code: 'FRAME_MALFORMED' }),
    );
  });
});
