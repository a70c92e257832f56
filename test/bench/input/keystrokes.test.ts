// Updates written as bytes are those that Yjs writes for the same edits.

import * as Y from 'yjs';
import { describe, expect, test } from 'vitest';
import { makeKeystrokeScript } from '../../../bench/input/keystrokes.js';

/** What a Yjs client sends that types the alphabet. */
function typedByYjs(clientId: number, count: number): Uint8Array[] {
  const ydoc = new Y.Doc();
  ydoc.clientID = clientId;
  const text = ydoc.getText('text');
  const updates: Uint8Array[] = [];
  ydoc.on('update', (update: Uint8Array) => updates.push(update));
  for (let at = 0; at < count; at++) text.insert(at, String.fromCharCode(97 + (at % 26)));
  return updates;
}

describe('keystrokes', () => {
  test.each([1, 127, 128, 70_000, 0x7fff_fff0])(
    'they are what Yjs writes, from client id %i on',
    (firstClientId) => {
      const { base, writers } = makeKeystrokeScript({ writers: 3, updatesPerWriter: 300, firstClientId });
      expect([...base]).toEqual([0, 0]);
      expect(writers.map(({ clientId }) => clientId)).toEqual(
        [0, 1, 2].map((writer) => firstClientId + writer),
      );
      for (const { clientId, updates } of writers) {
        const expected = typedByYjs(clientId, 300);
        expect(updates).toEqual(
          expected.map((update, from) => ({ update, clientId, from, to: from + 1, deleted: 0 })),
        );
      }
    },
  );

  test('writers can be asked for without an id', () => {
    const { writers } = makeKeystrokeScript({ writers: 2, updatesPerWriter: 1 });
    expect(writers.map(({ clientId }) => clientId)).toEqual([1000, 1001]);
  });
});
