// H13 for y-websocket: what the load client sends is what the stock provider 3.1.0 sends in the same place.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { DeliveryError } from '../../../bench/measurement.js';
import { protocols } from '../../../bench/protocol/all.js';
import { connectStock, until } from '../../support/stock-client.js';

const protocol = protocols['y-websocket'];
const talk = protocol.converse('notes', 1);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** A server that takes everything and says only what it is told to, and a stock provider that talks to it. */
async function stockTalk(document: string, ydoc: Y.Doc) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sent: string[] = [];
  const connected = once(server, 'connection').then(([socket, request]) => {
    (socket as WebSocket).on('message', (data: Buffer) => sent.push(text(data)));
    return { socket: socket as WebSocket, path: (request as { url: string }).url };
  });
  const client = connectStock({ url: `ws://127.0.0.1:${port}`, document, ydoc });
  onTestFinished(() => {
    client.close();
    server.close();
  });
  return { client, sent, ...(await connected) };
}

describe('y-websocket', () => {
  test('H13 the path, the first messages and an edit are those of the stock provider', async () => {
    const ydoc = new Y.Doc();
    ydoc.getText('text').insert(0, 'before');
    const { client, sent, path } = await stockTalk('team/notes 1', ydoc);
    await until(() => sent.length === 2, 'the provider has greeted');
    expect(path).toBe(protocol.path('team/notes 1'));
    const { awareness } = client.provider;
    const own = encodeAwarenessUpdate(awareness, [ydoc.clientID]);
    const greeting = [...protocol.hello('token'), ...talk.greeting('token')];
    const ours = [
      ...greeting,
      talk.syncRequest({ stateVector: Y.encodeStateVector(ydoc) }),
      talk.awareness(own),
    ];
    expect(ours.map(text)).toEqual(sent);

    const updates: Uint8Array[] = [];
    ydoc.on('update', (update: Uint8Array) => updates.push(update));
    ydoc.getText('text').insert(0, 'x'.repeat(300));
    await until(() => sent.length === 3, 'the provider has sent the edit');
    expect(updates.map((update) => text(talk.update(update)))).toEqual(sent.slice(2));
  });

  test('H13 a sync request of the server is read and answered as the stock provider does', async () => {
    const ydoc = new Y.Doc();
    ydoc.getText('text').insert(0, 'before');
    const { socket, sent } = await stockTalk('notes', ydoc);
    const request = talk.syncRequest({ stateVector: Y.encodeStateVector(new Y.Doc()) });
    socket.send(request);
    await until(() => sent.length === 3, 'the provider has answered');
    const [message] = protocol.read(request);
    expect(message).toEqual({ kind: 'sync-request', stateVector: Uint8Array.of(0) });
    expect(text(talk.syncReply(Y.encodeStateAsUpdate(ydoc)))).toBe(sent[2]);
  });

  test('H13 the stock provider takes what is written here for what it is meant', async () => {
    const ydoc = new Y.Doc();
    const { client, socket } = await stockTalk('notes', ydoc);
    const other = new Y.Doc();
    other.getText('text').insert(0, 'reply');
    socket.send(talk.syncReply(Y.encodeStateAsUpdate(other)));
    await until(() => client.provider.synced, 'the provider is synced');
    const before = Y.encodeStateVector(other);
    other.getText('text').insert(5, ' and update');
    socket.send(talk.update(Y.encodeStateAsUpdate(other, before)));
    await until(() => ydoc.getText('text').toString() === 'reply and update', 'it has the update');
    const awareness = new Awareness(other);
    onTestFinished(() => awareness.destroy());
    awareness.setLocalState({ name: 'B' });
    socket.send(talk.awareness(encodeAwarenessUpdate(awareness, [other.clientID])));
    await until(() => client.provider.awareness.getStates().has(other.clientID), 'it has the state');
  });

  test('reads every message of a server, also several in one', () => {
    expect(protocol.read(bytes('000003010706'))).toEqual([
      { kind: 'sync-request', stateVector: bytes('010706') },
    ]);
    expect(protocol.read(bytes('000102000000020201020302000161'))).toEqual([
      { kind: 'sync-reply', update: bytes('0000') },
      { kind: 'update', update: bytes('0102') },
      { kind: 'other' },
      { kind: 'refused', reason: 'a' },
    ]);
  });

  test('what is none of the protocol is a DeliveryError', () => {
    for (const hex of ['', '00', '0000', '000205ff', '0005', '07', '0101', '0200ff', '0201'])
      // A view into something larger, as messages are: what follows is not the message's.
      expect(() => protocol.read(bytes(`${hex}0000000000000000`).subarray(0, hex.length / 2)), hex).toThrow(
        DeliveryError,
      );
  });
});
