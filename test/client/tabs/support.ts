// Tabs with a document each, as a provider would use their channels.

import { Awareness } from 'y-protocols/awareness';
import { afterEach, beforeEach } from 'vitest';
import * as Y from 'yjs';
import { WrittenHere } from '../../../client/crdt/written-here.js';
import { TabChannel, type TabPlatform } from '../../../client/tabs/tab-channel.js';
import { FakeBrowser, type FakeTab } from '../../support/browser-platform.js';

export const channelName = 'heddle:ws://server/:notes';

export interface DocumentTab {
  readonly tab: FakeTab;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly channel: TabChannel;
  /** `orphaned`, `client-id`, `conflict`, `error <message>`, in order. */
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
  const events: string[] = [];
  let chance = ++opened;
  const written = new WrittenHere(doc, () => events.push('foreign'));
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
    written: () => written.ranges,
    platform: platform ?? tab,
  });
  channel.on('orphaned', () => void events.push('orphaned'));
  channel.on('client-id', () => void events.push('client-id'));
  channel.on('conflict', () => void events.push('conflict'));
  channel.on('error', ({ message }) => void events.push(`error ${message}`));
  const close = (): void => {
    channel.destroy();
    written.destroy();
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

/** A browser for each test, and its tabs; what they leave behind is an error. */
export class TabStage {
  browser = new FakeBrowser();
  tabs: DocumentTab[] = [];

  constructor() {
    beforeEach(() => {
      this.browser = new FakeBrowser();
      this.tabs = [];
    });
    afterEach(() => this.#end());
  }

  open(doc?: Y.Doc): DocumentTab {
    const one = openTab(this.browser, doc === undefined ? {} : { doc });
    this.tabs.push(one);
    return one;
  }

  async joined(count: number): Promise<DocumentTab[]> {
    const all = Array.from({ length: count }, () => this.open());
    for (const { channel } of all) channel.join();
    await this.browser.settle();
    this.browser.posted.length = 0;
    return all;
  }

  get texts(): string[] {
    return this.tabs.map(({ text }) => text.toString());
  }

  async #end(): Promise<void> {
    for (const one of this.tabs) one.close();
    await this.browser.settle();
    const held = this.tabs
      .map(({ tab }) => tab.holdings)
      .filter(({ channels, locks }) => channels + locks > 0);
    if (held.length > 0 || this.browser.clock.pending > 0)
      throw new Error('a destroyed channel keeps something');
  }
}
