// H13 for Hocuspocus: bytes recorded between @hocuspocus/provider 4.7.0 and @hocuspocus/server 4.7.0, document `notes/a`,
// client id 7.

import { describe, expect, test } from 'vitest';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { DeliveryError } from '../../../bench/measurement.js';
import { protocols } from '../../../bench/protocol/all.js';

const protocol = protocols.hocuspocus;
const document = 'notes/a';
const talk = protocol.converse(document, 1);

/** What the provider sent. */
const stock = {
  greeting: '076e6f7465732f6102000005342e372e30',
  greetingWithToken: '076e6f7465732f6102000673656372657405342e372e30',
  syncRequest: '076e6f7465732f61000003010706',
  awareness: '076e6f7465732f610106010700027b7d',
  emptySyncReply: '076e6f7465732f610001020000',
  syncReply: '076e6f7465732f610001130101070004010474657874066265666f726500',
  update: '076e6f7465732f6100020b0101070644070002686900',
} as const;

/** What the server sent. */
const server = {
  authenticated: '076e6f7465732f6102020a726561642d7772697465',
  denied: '076e6f7465732f610201117065726d697373696f6e2d64656e696564',
  syncRequest: '076e6f7465732f6100000100',
  syncReply: '076e6f7465732f610001020000',
  update: '076e6f7465732f6100020b0101070644070002686900',
  awareness: '076e6f7465732f610119010701157b2275736572223a7b226e616d65223a2241227d7d',
  taken: '076e6f7465732f610801',
  closed: '076e6f7465732f61071270726f76696465725f696e69746961746564',
} as const;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

function recordedDocument(): Y.Doc {
  const ydoc = new Y.Doc();
  ydoc.clientID = 7;
  ydoc.getText('text').insert(0, 'before');
  return ydoc;
}

describe('Hocuspocus', () => {
  test('H13 the first messages are those of the stock provider', () => {
    const ydoc = recordedDocument();
    const awareness = new Awareness(ydoc);
    const own = encodeAwarenessUpdate(awareness, [7]);
    awareness.destroy();
    expect(protocol.path(document)).toBe('/');
    expect(talk.greeting(undefined).map(text)).toEqual([stock.greeting]);
    expect(talk.greeting('secret').map(text)).toEqual([stock.greetingWithToken]);
    expect(text(talk.syncRequest({ stateVector: Y.encodeStateVector(ydoc) }))).toBe(stock.syncRequest);
    expect(text(talk.awareness(own))).toBe(stock.awareness);
  });

  test('H13 answers and edits are those of the stock provider', () => {
    const ydoc = recordedDocument();
    expect(text(talk.syncReply(Y.encodeStateAsUpdate(new Y.Doc())))).toBe(stock.emptySyncReply);
    expect(text(talk.syncReply(Y.encodeStateAsUpdate(ydoc)))).toBe(stock.syncReply);
    const updates: Uint8Array[] = [];
    ydoc.on('update', (update: Uint8Array) => updates.push(update));
    ydoc.getText('text').insert(0, 'hi');
    expect(updates.map((update) => text(talk.update(update)))).toEqual([stock.update]);
  });

  test('H13 reads what the stock server says', () => {
    const read = (hex: string) =>
      protocol.read(bytes(hex)).map(({ about, ...message }) => {
        expect(about).toBe(document);
        return message;
      });
    expect(read(server.authenticated)).toEqual([{ kind: 'other' }]);
    expect(read(server.denied)).toEqual([{ kind: 'refused', reason: 'permission-denied' }]);
    expect(read(server.syncRequest)).toEqual([{ kind: 'sync-request', stateVector: bytes('00') }]);
    expect(read(server.syncReply)).toEqual([{ kind: 'sync-reply', update: bytes('0000') }]);
    expect(read(server.update)).toEqual([{ kind: 'update', update: bytes('0101070644070002686900') }]);
    expect(read(server.awareness)).toEqual([
      { kind: 'awareness', update: bytes(server.awareness.slice(-2 * 0x19)) },
    ]);
    expect(read(server.taken)).toEqual([{ kind: 'acknowledgement', isTaken: true }]);
    expect(read(server.closed)).toEqual([
      { kind: 'refused', reason: 'the server has closed the document: provider_initiated' },
    ]);
  });

  test('a refused update is told apart from one that was taken, and what is not for a load client is left', () => {
    expect(protocol.read(bytes('01610800'))).toEqual([
      { kind: 'acknowledgement', isTaken: false, about: 'a' },
    ]);
    // Keep-alive both ways, a question for awareness, a stateless message, a request for the token.
    for (const hex of ['09', '0a', '016103', '0161050178', '01610200'])
      expect(protocol.read(bytes(hex)), hex).toMatchObject([{ kind: 'other' }]);
  });

  test('what is none of the protocol is a DeliveryError', () => {
    for (const hex of [
      '',
      '0161',
      '05',
      '0161000205ff',
      '01610009',
      '01614b',
      '01610209',
      '016101',
      '01610105',
    ])
      // A view into something larger, as messages are: what follows is not the message's.
      expect(() => protocol.read(bytes(`${hex}000000000000`).subarray(0, hex.length / 2)), hex).toThrow(
        DeliveryError,
      );
  });
});
