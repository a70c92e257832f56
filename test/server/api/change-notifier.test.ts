// The onChange hook: once for all that changed meanwhile, and at the end for what is left.

import { beforeEach, expect, it } from 'vitest';
import { ChangeNotifier } from '../../../server/change-notifier.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

const [a, b] = [parseDocumentName('a'), parseDocumentName('b')];
let clock: FakeClock;
let calls: string[];
let notifier: ChangeNotifier;
let gate: Promise<void> | undefined;

beforeEach(() => {
  clock = createFakeClock();
  calls = [];
  gate = undefined;
  notifier = new ChangeNotifier({
    clock,
    debounceMs: 2_000,
    notify: async (document) => {
      calls.push(document);
      await gate;
    },
  });
});

it('is called once per document for all changes of 2 s, the last of them included', () => {
  notifier.changed(a);
  clock.advance(1_000);
  notifier.changed(a);
  notifier.changed(b);
  clock.advance(999);
  expect(calls).toEqual([]);
  clock.advance(1);
  expect(calls).toEqual(['a']);
  clock.advance(1_000);
  expect(calls).toEqual(['a', 'b']);
  notifier.changed(a);
  clock.advance(2_000);
  expect(calls).toEqual(['a', 'b', 'a']);
});

it('close calls what is left at once, waits for it, and leaves no timers', async () => {
  let open = (): void => {};
  gate = new Promise((resolve) => {
    open = resolve;
  });
  notifier.changed(a);
  notifier.changed(b);
  let isClosed = false;
  const closing = notifier.close().then(() => {
    isClosed = true;
  });
  expect(calls).toEqual(['a', 'b']);
  expect(clock.pending).toBe(0);
  await Promise.resolve();
  expect(isClosed).toBe(false);
  open();
  await closing;
});
