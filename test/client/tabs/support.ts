// Tabs with a document each, as a provider would use their channels.

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { TabChannel, type TabPlatform } from '../../../client/tabs/tab-channel.js';
import type { FakeBrowser, FakeTab } from '../../support/browser-platform.js';

export const channelName = 'heddle:ws://server/:notes';

export interface DocumentTab {
  readonly tab: FakeTab;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly channel: TabChannel;
  /** `orphaned`, `error <message>`, in order. */
  readonly events: string[];
  readonly text: Y.Text;
  close(): void;
}

let opened = 0;

export function openTab(
  browser: FakeBrowser,
  { doc = new Y.Doc(), platform }: { doc?: Y.Doc; platform?: TabPlatform } = {},
): DocumentTab {
  const tab = browser.open();
  const awareness = new Awareness(doc);
  let chance = ++opened;
  const channel = new TabChannel({
    channelName,
    doc,
    awareness,
    clock: tab.clock,
    random: () => {
      chance = (chance * 16807) % 2147483647;
      return chance / 2147483647;
    },
    kindOf: (origin) => (origin === 'server' || origin === 'copy' ? origin : 'edit'),
    platform: platform ?? tab,
  });
  const events: string[] = [];
  channel.on('orphaned', () => void events.push('orphaned'));
  channel.on('error', ({ message }) => void events.push(`error ${message}`));
  const close = (): void => {
    channel.destroy();
    awareness.destroy();
    doc.destroy();
  };
  return { tab, doc, awareness, channel, events, text: doc.getText('text'), close };
}

/** The types of the messages that were posted since the last call. */
export function said(browser: FakeBrowser): string[] {
  return browser.posted.splice(0).map(({ data }) => (data as { type: string } | null)?.type ?? '');
}

/** What a server would send: the change made elsewhere. */
export function fromServer(one: DocumentTab, change: (text: Y.Text) => void): void {
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc));
  const before = Y.encodeStateVector(other);
  change(other.getText('text'));
  Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(other, before), 'server');
}
