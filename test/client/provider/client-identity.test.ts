// A document whose client id changes, and one whose client id somebody else has.

import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { HeddleProvider } from '../../../client/index.js';
import { ClientIdentity } from '../../../client/provider/client-identity.js';
import { FakeBrowser } from '../../support/browser-platform.js';
import { until } from '../../support/peer.js';
import { serverForTest } from '../../support/test-server.js';
import { openTab, type DocumentTab } from '../tabs/support.js';

const open: (() => void)[] = [];

function page(clientId: number): {
  doc: Y.Doc;
  awareness: Awareness;
  identity: ClientIdentity;
  conflicts: number[];
} {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const awareness = new Awareness(doc);
  const conflicts: number[] = [];
  const identity = new ClientIdentity({ doc, awareness, conflict: (id) => conflicts.push(id) });
  open.push(() => {
    identity.destroy();
    doc.destroy();
  });
  return { doc, awareness, identity, conflicts };
}

afterEach(() => {
  for (const end of open.splice(0)) end();
});

/** What somebody else writes under this client id. */
function foreign(clientId: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

describe('awareness', () => {
  it('J15: moves with the client id that Yjs gives the document when somebody else writes under the one it had', () => {
    const { doc, awareness } = page(5);
    awareness.setLocalState({ user: 'anna' });
    const told: unknown[] = [];
    awareness.on('update', (change: unknown) => told.push(change));
    Y.applyUpdate(doc, foreign(5, 'hello'));
    expect(doc.clientID).not.toBe(5);
    expect(awareness.clientID).toBe(doc.clientID);
    expect(awareness.getLocalState()).toEqual({ user: 'anna' });
    expect([...awareness.getStates().keys()]).toEqual([doc.clientID]);
    expect(told).toEqual([
      { added: [], updated: [], removed: [5] },
      { added: [doc.clientID], updated: [], removed: [] },
    ]);
    awareness.setLocalStateField('user', 'bert');
    expect(awareness.getStates().get(doc.clientID)).toEqual({ user: 'bert' });
  });

  it('J15: moves with a client id that the application sets, at the next edit or word of itself', () => {
    const { doc, awareness } = page(5);
    doc.clientID = 6;
    doc.getText('text').insert(0, 'x');
    expect([...awareness.getStates().keys()]).toEqual([6]);
    doc.clientID = 7;
    awareness.setLocalState({ user: 'anna' });
    expect([...awareness.getStates()]).toEqual([[7, { user: 'anna' }]]);
  });

  it('J15: that shows nothing shows nothing under the other id', () => {
    const { doc, awareness } = page(5);
    awareness.setLocalState(null);
    doc.clientID = 6;
    doc.getText('text').insert(0, 'x');
    expect(awareness.clientID).toBe(6);
    expect(awareness.getStates().size).toBe(0);
  });

  it('J15: under an id of its own stays there', () => {
    const { doc, awareness } = page(5);
    removeAwarenessStates(awareness, [5], 'local');
    awareness.clientID = 99;
    awareness.setLocalState({ user: 'anna' });
    doc.clientID = 6;
    doc.getText('text').insert(0, 'x');
    expect(awareness.clientID).toBe(99);
  });
});

describe('tabs that were given one client id', () => {
  it.each([1, 2, 3, 4, 5])('J15, J16: all see each other, whichever of them keeps it (%i)', async () => {
    const browser = new FakeBrowser();
    const tabs: DocumentTab[] = [];
    for (const [name, clientId] of [
      ['anna', 5],
      ['bert', 6],
      ['carl', 5],
      ['dora', 5],
    ] as const) {
      const doc = new Y.Doc();
      doc.clientID = clientId;
      const tab = openTab(browser, { doc });
      const { awareness, channel } = tab;
      const identity = new ClientIdentity({ doc, awareness, conflict: () => {} });
      channel.on('client-id', () => identity.look());
      open.push(() => {
        identity.destroy();
        tab.close();
      });
      tabs.push(tab);
      awareness.setLocalStateField('user', name);
      channel.join();
      await browser.settle();
    }
    const seen = tabs.map(({ awareness }) =>
      [...awareness.getStates().values()].map(({ user }) => String(user)).sort(),
    );
    for (const names of seen) expect(names).toEqual(['anna', 'bert', 'carl', 'dora']);
    for (const { awareness, doc } of tabs) expect(awareness.clientID).toBe(doc.clientID);
    tabs[2]!.channel.leave();
    await browser.settle();
    expect(tabs[1]!.awareness.getStates().size).toBe(3);
  });
});

describe('content of somebody else', () => {
  it('J17: under an id that this document has written under is told of, once', () => {
    const { doc, identity, conflicts } = page(5);
    doc.getText('text').insert(0, 'mine');
    Y.applyUpdate(doc, foreign(5, 'something else'));
    Y.applyUpdate(doc, foreign(5, 'something else, and more'));
    expect(conflicts).toEqual([5]);
    expect(identity.hasConflict).toBe(true);
  });

  it('J17: under an id that this document has not written under is none', () => {
    const { doc, conflicts } = page(5);
    Y.applyUpdate(doc, foreign(5, 'written before'));
    doc.getText('text').insert(0, 'mine ');
    Y.applyUpdate(doc, foreign(5, 'written before'));
    Y.applyUpdate(doc, foreign(8, 'written by somebody else'));
    expect(conflicts).toEqual([]);
  });
});

describe('content of this very document', () => {
  it("K46: is nobody else's, also where it is written while something from elsewhere is applied", () => {
    const { doc, conflicts } = page(5);
    const text = doc.getText('text');
    text.insert(0, 'mine ');
    let isFirst = true;
    text.observe(() => {
      if (!isFirst) return;
      isFirst = false;
      Y.applyUpdate(doc, foreign(8, 'theirs '));
      text.insert(0, 'mine, at the same time ');
    });
    text.insert(0, 'more ');
    expect(conflicts).toEqual([]);
    Y.applyUpdate(doc, foreign(5, 'something else, longer than all that is mine: '.repeat(3)));
    expect(conflicts).toEqual([5]);
  });
});

describe('two devices that have written under one client id without a network', () => {
  function device(url: string, text: string): HeddleProvider {
    const doc = new Y.Doc();
    doc.clientID = 5;
    const one = new HeddleProvider(url, 'notes', doc, {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      offline: false,
      connect: false,
    });
    open.push(() => one.destroy());
    doc.getText('text').insert(0, text);
    return one;
  }

  it('J17: the one of which the other has written more is told, and says why', async () => {
    const { url } = await serverForTest();
    const [one, two] = [device(url, 'short'), device(url, 'and longer')];
    const told: number[] = [];
    one.on('client-id-conflict', ({ clientId }) => told.push(clientId));
    one.connect();
    await one.sync();
    expect(one.status.reason).toBeUndefined();
    one.disconnect();
    two.connect();
    await two.sync();
    two.disconnect();
    one.connect();
    await until(() => told.length > 0, 'it is told');
    expect(told).toEqual([5]);
    expect(one.status.reason).toMatchObject({ kind: 'client-id-conflict', isFinal: false });
    expect(one.awareness.clientID).toBe(one.doc.clientID);
  });
});
