// H13 for the native protocol: what the load client sends is what the client of this package sends in the same place, and
// what a server says is read for what it is.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { DeliveryError } from '../../../bench/measurement.js';
import { protocols } from '../../../bench/protocol/all.js';
import type { Conversation, ServerMessage } from '../../../bench/protocol/protocol.js';
import { Connection } from '../../../client/connection/connection.js';
import type { SocketEvents } from '../../../client/connection/socket.js';
import { SyncedDoc } from '../../support/synced-doc.js';
import { systemClock } from '../../../shared/clock.js';
import { decodeClientFrame, encodeServerFrame } from '../../../shared/native/frame.js';
import { nativeVersion, type NativeServerMessage } from '../../../shared/native/messages.js';
import { until } from '../../support/stock-client.js';

const protocol = protocols.native;
const document = 'notes/a';
const update = Uint8Array.of(1, 1, 7, 0, 4, 1, 1, 97, 2, 104, 105, 0);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const emptyStateVector = Uint8Array.of(0);

const opened = (isContentNext = true): NativeServerMessage => ({
  type: 'opened',
  ref: 1,
  document: 9,
  writer: 4,
  access: 'write',
  epoch: 'e1',
  isContentNext,
  stateVector: emptyStateVector,
});
const welcome: NativeServerMessage = {
  type: 'welcome',
  version: nativeVersion,
  serverTime: 1,
  expiresAt: 0,
  maxSilenceMs: 40_000,
  server: 'server',
  run: 'run',
  user: '',
  limits: {},
};

/** Messages of a server as the load client reads them. */
const said = (...messages: readonly NativeServerMessage[]): readonly ServerMessage[] =>
  protocol.read(encodeServerFrame(...messages));

/** A conversation whose document is open. */
function open(): Conversation {
  const conversation = protocol.converse(document, 1);
  conversation.syncRequest({ stateVector: emptyStateVector });
  for (const message of said(opened())) conversation.hear(message);
  return conversation;
}

/** The client of this package, on a socket that this test holds the other end of. */
function ownClient(doc: Y.Doc, position?: { epoch: string; offset: number }) {
  const sent: Uint8Array[] = [];
  let events: SocketEvents | undefined;
  const connection = new Connection({
    url: 'ws://server/',
    token: async () => 'token',
    device: 'bench',
    agent: 'heddle-bench',
    openSocket: (_url, given) => {
      events = given;
      queueMicrotask(() => given.opened());
      return { send: (frame) => void sent.push(frame), bufferedBytes: 0, close() {} };
    },
    clock: systemClock,
    random: () => 0,
  });
  const { clock, random } = { clock: systemClock, random: () => 0 };
  const sync = new SyncedDoc({
    doc,
    name: document,
    connection,
    clock,
    random,
    position,
  });
  sync.start();
  connection.connect();
  return {
    connection,
    sent,
    say: (message: NativeServerMessage) => events!.frame(encodeServerFrame(message)),
  };
}

describe('native', () => {
  test('H13 hello, open and an edit are those of the client of this package', async () => {
    const doc = new Y.Doc();
    const client = ownClient(doc);
    await until(() => client.sent.length === 1, 'it has said hello');
    client.say(welcome);
    await until(() => client.sent.length === 2, 'it has asked for the document');
    client.say(opened());
    client.say({ type: 'synced', document: 9, cursor: 0 });
    const updates: Uint8Array[] = [];
    doc.on('update', (one: Uint8Array) => updates.push(one));
    doc.getText('text').insert(0, 'hi');
    await until(() => client.sent.length === 3, 'it has sent the edit');
    client.connection.destroy();

    const conversation = protocol.converse(document, 1);
    const ours = [...protocol.hello('token'), ...conversation.greeting('token')];
    ours.push(conversation.syncRequest({ stateVector: emptyStateVector }));
    for (const message of said(opened())) conversation.hear(message);
    ours.push(conversation.update(updates[0]!));
    expect(ours.map(text)).toEqual(client.sent.map(text));
    expect(protocol.path(document)).toBe('/');
  });

  test('H13 resuming at a position, and comparing where the server cannot, are those of the client of this package', async () => {
    const position = { epoch: 'e1', offset: 300 };
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'had');
    const client = ownClient(doc, position);
    await until(() => client.sent.length === 1, 'it has said hello');
    client.say(welcome);
    await until(() => client.sent.length === 2, 'it has asked for the document');
    client.say(opened(false));
    await until(() => client.sent.length === 3, 'it has told what it has');
    client.connection.destroy();

    const conversation = protocol.converse(document, 1);
    const ours = [conversation.syncRequest({ stateVector: Y.encodeStateVector(doc), position })];
    for (const message of said(opened(false))) ours.push(conversation.hear(message)!.reply!);
    expect(ours.map(text)).toEqual(client.sent.slice(1).map(text));
    expect(conversation.isResumed).toBe(false);
  });

  test('a client with a state vector and no position says so; one that is open asks again by request', () => {
    const stateVector = Y.encodeStateVectorFromUpdate(update);
    const [asked] = decodeClientFrame(protocol.converse(document, 1).syncRequest({ stateVector }));
    expect(asked).toMatchObject({ type: 'open', known: { kind: 'state-vector' } });
    const [again] = decodeClientFrame(open().syncRequest({ stateVector }));
    expect(again).toMatchObject({ type: 'request', document: 9 });
  });

  test('updates and offers are numbered one after the other, and acknowledged up to a number', () => {
    const conversation = open();
    const frames = [conversation.update(update), conversation.syncReply(update), conversation.update(update)];
    expect(frames.map((frame) => decodeClientFrame(frame)[0])).toMatchObject([
      { type: 'update', document: 9, seq: 1 },
      { type: 'offer', document: 9, seq: 2 },
      { type: 'update', document: 9, seq: 3 },
    ]);
    const heard = (message: NativeServerMessage) => conversation.hear(said(message)[0]!);
    expect(heard({ type: 'ack', document: 9, cursor: 1, seq: 1 })).toEqual({ durable: 1 });
    // In a joined frame everybody's numbers are told: only its own writer's are for it.
    const joined = { type: 'update', document: 9, cursor: 7, update } as const;
    expect(heard({ ...joined, acks: [{ writer: 5, seq: 9 }] })).toBeUndefined();
    const acks = [
      { writer: 5, seq: 9 },
      { writer: 4, seq: 3 },
    ];
    expect(heard({ ...joined, acks })).toEqual({ durable: 3 });
    expect(heard({ type: 'ack', document: 9, cursor: 7, seq: 4 })!.fault).toContain('never sent');
  });

  test('it knows where it stands once it was told, and never goes back', () => {
    const conversation = open();
    expect(conversation.position).toBeUndefined();
    const hear = (message: NativeServerMessage): void => void conversation.hear(said(message)[0]!);
    hear({ type: 'update', document: 9, cursor: 0, acks: [], update });
    expect(conversation.position).toBeUndefined();
    hear({ type: 'synced', document: 9, cursor: 12 });
    expect(conversation.position).toEqual({ epoch: 'e1', offset: 12 });
    hear({ type: 'update', document: 9, cursor: 11, acks: [], update });
    expect(conversation.position).toEqual({ epoch: 'e1', offset: 12 });
  });

  test('what a server must not do to a client that did nothing wrong is a fault', () => {
    const conversation = open();
    const faultOf = (message: NativeServerMessage): string | undefined =>
      conversation.hear(said(message)[0]!)?.fault;
    expect(faultOf({ type: 'wanted', document: 9, stateVector: emptyStateVector })).toContain('lacks');
    expect(faultOf(opened())).toContain('unasked');
    expect(() => protocol.converse(document, 1).update(update)).toThrow('not open yet');
  });

  test('reads every message of a server, also several in one, with what each is about', () => {
    expect(
      said(
        welcome,
        opened(),
        { type: 'not-opened', ref: 2, code: 'FORBIDDEN', close: 4403, reason: 'FORBIDDEN: no' },
        { type: 'update', document: 9, cursor: 3, acks: [{ writer: 4, seq: 2 }], update },
        { type: 'ack', document: 9, cursor: 3, seq: 2 },
        { type: 'awareness', document: 9, update },
        { type: 'synced', document: 9, cursor: 3 },
        { type: 'closed', document: 9, code: 'INTERNAL', close: 1011, reason: 'INTERNAL' },
        { type: 'refused', document: 9, seq: 1, code: 'READ_ONLY', close: 4403, reason: 'READ_ONLY' },
        { type: 'wanted', document: 9, stateVector: emptyStateVector },
        { type: 'goodbye', code: 'DRAINING', close: 1012, reason: 'DRAINING', retryAfterMs: 0 },
        { type: 'pong', clientTime: 1, serverTime: 2 },
      ),
    ).toEqual([
      { kind: 'other' },
      { kind: 'opened', about: -1, document: 9, writer: 4, epoch: 'e1', isContentNext: true },
      { kind: 'refused', about: -2, reason: 'FORBIDDEN: no' },
      { kind: 'update', about: 9, update, cursor: 3, acks: new Map([[4, 2]]) },
      { kind: 'durable', about: 9, seq: 2, cursor: 3 },
      { kind: 'awareness', about: 9, update },
      { kind: 'synced', about: 9, cursor: 3 },
      { kind: 'refused', about: 9, reason: 'INTERNAL' },
      { kind: 'refused', about: 9, reason: 'READ_ONLY' },
      { kind: 'sync-request', about: 9, stateVector: emptyStateVector },
      { kind: 'refused', reason: 'DRAINING' },
      { kind: 'other' },
    ]);
  });

  test('what is none of the protocol is a DeliveryError', () => {
    const whole = text(encodeServerFrame({ type: 'update', document: 9, cursor: 3, acks: [], update }));
    for (const hex of ['', '63', '03', whole.slice(0, -2), `${whole}63`])
      // A view into something larger, as messages are: what follows is not the message's.
      expect(
        () =>
          protocol.read(new Uint8Array(Buffer.from(`${hex}000000000000`, 'hex')).subarray(0, hex.length / 2)),
        hex,
      ).toThrow(DeliveryError);
  });
});
