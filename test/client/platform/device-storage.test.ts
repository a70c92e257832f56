// What a device remembers, where localStorage works, is full, refused, cleared, or not there.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { deviceSecret } from '../../../client/platform/device.js';
import { readDevice, writeDevice } from '../../../client/platform/device-storage.js';

/** A localStorage of which the test decides what it takes and gives. */
class Storage {
  readonly texts = new Map<string, string>();
  isFull = false;

  constructor() {
    vi.stubGlobal('localStorage', this);
  }

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.texts.set(key, text);
  }
}

function refused(): void {
  vi.stubGlobal('localStorage', {
    getItem() {
      throw new DOMException('refused', 'SecurityError');
    },
    setItem() {
      throw new DOMException('refused', 'SecurityError');
    },
  });
}

afterEach(() => vi.unstubAllGlobals());

describe('what a device remembers', () => {
  it('K40 is in localStorage, where other pages find it and change it', () => {
    const { texts } = new Storage();
    writeDevice('shared', 'one');
    expect(texts.get('shared')).toBe('one');
    texts.set('shared', 'two');
    expect(readDevice('shared')).toBe('two');
    texts.delete('shared');
    expect(readDevice('shared')).toBeUndefined();
  });

  it('K40 counts where nothing can be stored, before what was stored earlier', () => {
    const storage = new Storage();
    writeDevice('full', 'old');
    storage.isFull = true;
    writeDevice('full', 'new');
    expect(storage.texts.get('full')).toBe('old');
    expect(readDevice('full')).toBe('new');
    storage.isFull = false;
    writeDevice('full', 'newer');
    expect(storage.texts.get('full')).toBe('newer');
    storage.texts.set('full', 'of another page');
    expect(readDevice('full')).toBe('of another page');
  });

  it.each([
    ['is refused', refused],
    ['is not there', () => vi.stubGlobal('localStorage', undefined)],
  ])('K40 counts for as long as the program runs where localStorage %s', (name, begin) => {
    begin();
    expect(readDevice(name)).toBeUndefined();
    writeDevice(name, 'one');
    expect(readDevice(name)).toBe('one');
  });
});

describe('the secret of a device', () => {
  it('K40 is stored, and found by the next page', () => {
    const { texts } = new Storage();
    const secret = deviceSecret('ws://stored');
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect([...texts.values()]).toEqual([secret]);
    texts.set('heddle.device:ws://earlier', 'f'.repeat(32));
    expect(deviceSecret('ws://earlier')).toBe('f'.repeat(32));
  });

  it('K40 stays the same where localStorage is cleared, full or refused meanwhile, and is another for another server', () => {
    const storage = new Storage();
    const secret = deviceSecret('ws://one');
    expect(deviceSecret('ws://other')).not.toBe(secret);
    storage.texts.clear();
    expect(deviceSecret('ws://one')).toBe(secret);
    expect(storage.texts.get('heddle.device:ws://one')).toBe(secret);
    storage.texts.clear();
    storage.isFull = true;
    expect(deviceSecret('ws://one')).toBe(secret);
    refused();
    expect(deviceSecret('ws://one')).toBe(secret);
  });
});
