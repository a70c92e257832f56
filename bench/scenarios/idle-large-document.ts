// What a large document costs in memory that is loaded and that nobody edits, against its encoded size.

import { documentOfSize } from '../input/documents.js';
import type { Participant } from '../load/participant.js';
import { bringDocument } from './bring-document.js';
import { closeOpen, roomNames } from './idle.js';
import { MemoryReadings } from './settled-memory.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { withStorage, sameForNative } from './passed-over.js';

const documentBytes = 1_000_000;
/** Until then a server keeps garbage of what it was brought, of which it makes use afterwards. */
const warmCount = 20;

export const idleLargeDocument: Scenario = {
  id: 'idle-large-document',
  title: '40 documents of 1 MB that are loaded and idle',
  passesOver: [withStorage, sameForNative('what a document takes does not depend on how its clients speak')],
  needs: ['process', 'sync'],
  maxSeconds: 180,
  async run(context) {
    const { size, seed } = context.settings;
    const count = scaled(40, size, 2);
    const document = documentOfSize(documentBytes, seed);
    const memory = new MemoryReadings(context);
    const warm = await loadDocuments(context, roomNames('large-warm', scaled(warmCount, size, 2)), document);
    const before = await memory.next();
    const loaded = await loadDocuments(context, roomNames('large', count), document);
    const after = await memory.next();
    closeOpen([...warm, ...loaded]);
    return {
      figures: {
        documentBytes: document.length,
        rssPerDocumentByte: (after - before) / (count * document.length),
        rssBytes: after,
      },
      ...memory.notes,
    };
  },
};

/** The same document in each room, kept loaded by one connection. */
async function loadDocuments(
  context: ScenarioContext,
  rooms: readonly string[],
  document: Uint8Array,
): Promise<Participant[]> {
  const connections: Participant[] = [];
  for (const room of rooms) connections.push(await bringDocument(context, room, [document]));
  context.progress(`${rooms.length} large documents are loaded`);
  return connections;
}
