// How a document takes its place among the tabs of the browser.

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { expect, it } from 'vitest';
import { ClientIdentity } from '../../../client/provider/client-identity.js';
import { DocumentTabs } from '../../../client/provider/document-tabs.js';
import { FakeBrowser } from '../../support/browser-platform.js';

it('J19: says how it stands with its first word, whatever has changed since the name was known', async () => {
  const browser = new FakeBrowser();
  const tab = browser.open();
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  let hasUnsynced = false;
  const tabs = new DocumentTabs({
    doc,
    awareness,
    clock: tab.clock,
    random: Math.random,
    platform: tab,
    kindOf: () => 'edit',
    identity: new ClientIdentity({ doc, awareness, conflict: () => {} }),
    state: () => ({ isSynced: false, hasUnsynced }),
    orphaned: () => {},
    owed: () => {},
    failed: () => {},
  });
  tabs.open('notes');
  hasUnsynced = true;
  tabs.setMayRead(true);
  await browser.settle();
  expect(browser.posted.map(({ data }) => data)).toMatchObject([
    { type: 'hello', state: { hasUnsynced: true } },
  ]);
  tabs.destroy();
  awareness.destroy();
});
