// The BroadcastChannel that Node has: real clones, and real turns.

import { expect, it } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { browserTabPlatform, TabChannel } from '../../../client/tabs/tab-channel.js';
import { systemClock } from '../../../shared/clock.js';

it('J7, J8: two channels of one process exchange what they have', async () => {
  const open = (): { doc: Y.Doc; awareness: Awareness; channel: TabChannel } => {
    const doc = new Y.Doc();
    const awareness = new Awareness(doc);
    const channel = new TabChannel({
      channelName: `heddle-test-${process.pid}`,
      doc,
      awareness,
      clock: systemClock,
      random: Math.random,
      kindOf: () => 'edit',
      platform: browserTabPlatform(),
    });
    return { doc, awareness, channel };
  };
  const all = [open(), open()];
  const [one, two] = all;
  one!.doc.getText('text').insert(0, 'hello');
  one!.channel.join();
  two!.channel.join();
  await expect.poll(() => two!.doc.getText('text').toString()).toBe('hello');
  two!.doc.getText('text').insert(5, ' world');
  await expect.poll(() => one!.doc.getText('text').toString()).toBe('hello world');
  await expect.poll(() => one!.channel.awarenessIds.size).toBe(1);
  two!.channel.leave();
  await expect.poll(() => one!.channel.awarenessIds.size).toBe(0);
  for (const { channel, doc } of all) {
    channel.destroy();
    doc.destroy();
  }
});
