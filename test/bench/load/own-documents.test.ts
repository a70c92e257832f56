// Measurements on one server that lives on do not meet in a document.

import { expect, test } from 'vitest';
import { inOwnDocuments } from '../../../bench/load/own-documents.js';
import { protocols } from '../../../bench/protocol/all.js';

const bytes = Uint8Array.of(0, 0);
const opened = { kind: 'opened', document: 1, writer: 1, epoch: 'e', isContentNext: true } as const;

test.each(['y-websocket', 'hocuspocus', 'native'] as const)(
  'H6 everything a client says over %s names a document of its own measurement',
  (name) => {
    const protocol = protocols[name];
    const own = inOwnDocuments(protocol, 'a1');
    expect([own.name, own.acknowledgedBy]).toEqual([protocol.name, protocol.acknowledgedBy]);
    expect(own.path('room')).toBe(protocol.path('a1-room'));
    expect(own.hello('token')).toEqual(protocol.hello('token'));
    const [ours, theirs] = [own.converse('room', 1), protocol.converse('a1-room', 1)];
    expect(ours.address).toBe(theirs.address);
    expect(ours.greeting('token')).toEqual(theirs.greeting('token'));
    const known = { stateVector: bytes };
    expect(ours.syncRequest(known)).toEqual(theirs.syncRequest(known));
    if (name === 'native') for (const one of [ours, theirs]) one.hear(opened);
    for (const say of ['syncReply', 'update', 'awareness'] as const)
      expect(ours[say](bytes)).toEqual(theirs[say](bytes));
  },
);
