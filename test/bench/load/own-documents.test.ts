// Measurements on one server that lives on do not meet in a document.

import { expect, test } from 'vitest';
import { inOwnDocuments } from '../../../bench/load/own-documents.js';
import { protocols } from '../../../bench/protocol/all.js';

const bytes = Uint8Array.of(0, 0);

test.each(['y-websocket', 'hocuspocus'] as const)(
  'H6 everything a client says over %s names a document of its own measurement',
  (name) => {
    const protocol = protocols[name];
    const own = inOwnDocuments(protocol, 'a1');
    expect([own.name, own.acknowledgedBy]).toEqual([protocol.name, protocol.acknowledgedBy]);
    expect(own.path('room')).toBe(protocol.path('a1-room'));
    expect(own.greeting('room', 'token')).toEqual(protocol.greeting('a1-room', 'token'));
    for (const say of ['syncRequest', 'syncReply', 'update', 'awareness'] as const)
      expect(own[say]('room', bytes)).toEqual(protocol[say]('a1-room', bytes));
    const said = protocol.syncRequest('a1-room', bytes);
    expect(own.read(said)).toEqual(protocol.read(said));
  },
);
