// When both sides were last the same is remembered in the copy.

import { describe, expect, test } from 'vitest';
import { Device } from '../../support/offline-device.js';

describe('when both sides were last the same', () => {
  test('I30 is stored with what is stored, when the page is left, and when the copy is closed', async () => {
    const device = new Device();
    let syncedAt: number | undefined;
    const deps = { syncedAt: () => syncedAt };
    const first = device.tab('doc', deps);
    expect((await first.load()).syncedAt).toBeUndefined();
    syncedAt = 1_000;
    first.type('a');
    await device.pass(200);
    first.kill();
    const second = device.tab('doc', deps);
    expect((await second.load()).syncedAt).toBe(1_000);
    syncedAt = 2_000;
    // As when the page is hidden. Nothing else is to be stored.
    await second.copy.flush();
    second.kill();
    const third = device.tab('doc', deps);
    expect((await third.load()).syncedAt).toBe(2_000);
    syncedAt = 3_000;
    await third.copy.close();
    const fourth = device.tab('doc', deps);
    expect((await fourth.load()).syncedAt).toBe(3_000);
    await fourth.copy.close();
  });

  test('I30 never goes back, whichever tab says it', async () => {
    const device = new Device();
    const [one, other] = [
      await device.opened('doc', { syncedAt: () => 2_000 }),
      await device.opened('doc', { syncedAt: () => 1_000 }),
    ];
    await one.copy.flush();
    other.type('b');
    await other.copy.flush();
    await one.copy.close();
    await other.copy.close();
    const again = device.tab();
    expect((await again.load()).syncedAt).toBe(2_000);
    await again.copy.close();
  });

  test('I2 writes nothing by itself', async () => {
    const device = new Device();
    let asked = 0;
    const tab = await device.opened('doc', { syncedAt: () => ++asked });
    const before = asked;
    await device.pass(30_000, 1_000);
    expect(asked).toBe(before);
    await tab.copy.close();
  });
});
