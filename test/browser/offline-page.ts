// The offline copy in a page: what the browser's tests call by name.

import * as Y from 'yjs';
import {
  clearOfflineCopy,
  evictOfflineCopies,
  listOfflineCopies,
} from '../../client/offline/offline-copies.js';
import { OfflineCopy } from '../../client/offline/offline-copy.js';
import { OfflineError } from '../../client/offline/offline-error.js';
import { browserDatabases } from '../../client/offline/open-database.js';
import { browserLocks } from '../../client/platform/locks.js';
import { systemClock } from '../../shared/clock.js';

const doc = new Y.Doc();
const errors: string[] = [];
let copy: OfflineCopy;

const codeOf = (error: unknown): string => (error instanceof OfflineError ? error.code : String(error));

export const offlinePage = {
  /** 'loaded', or the code of the error. */
  async open(
    name: string,
    timeoutMs?: number,
  ): Promise<{ result: string; pending: number; offset: number | undefined }> {
    copy = new OfflineCopy(name, {
      factory: browserDatabases(),
      clock: systemClock,
      random: Math.random,
      locks: browserLocks(),
      timeoutMs,
      encodeDocument: () => Y.encodeStateAsUpdate(doc),
    });
    copy.on('error', ({ code }) => errors.push(code));
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'copy') copy.add(update, origin !== 'server');
    });
    try {
      const { update, pending, position } = await copy.load();
      if (update !== undefined) Y.applyUpdate(doc, update, 'copy');
      return { result: 'loaded', pending: pending.length, offset: position?.offset };
    } catch (error) {
      return { result: codeOf(error), pending: 0, offset: undefined };
    }
  },
  type(text: string): void {
    doc.getText('text').insert(doc.getText('text').length, text);
  },
  /** Something of the server's, the same in every page. */
  receive(text: string, offset: number): void {
    const server = new Y.Doc();
    server.clientID = offset;
    server.getText('text').insert(0, text);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(server), 'server');
    copy.reached({ epoch: 'e', offset });
  },
  durable: (count: number): void => copy.durable(count),
  flush: (): Promise<string> => copy.flush().then(() => 'flushed', codeOf),
  close: (): Promise<void> => copy.close(),
  state: () => ({ text: doc.getText('text').toJSON(), isSaved: copy.isSaved, errors }),
  list: listOfflineCopies,
  clear: (name: string): Promise<string> => clearOfflineCopy(name).then(() => 'cleared', codeOf),
  evict: evictOfflineCopies,
};

Object.assign(globalThis, { offlinePage });
