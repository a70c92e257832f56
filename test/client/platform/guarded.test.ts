// What listeners throw.

import { ObservableV2 } from 'lib0/observable';
import { expect, it } from 'vitest';
import { GuardedObservable, guarded } from '../../../client/platform/guarded.js';
import { collectUncaught } from '../../support/uncaught.js';

class Bell extends GuardedObservable<{ rings: (times: number) => void }> {}

it('K30: every listener is called, and what one throws reaches the page', async () => {
  const uncaught = collectUncaught();
  const bell = new Bell();
  const heard: string[] = [];
  const fault = new Error('of a listener');
  bell.on('rings', (times) => void heard.push(`first ${times}`));
  bell.on('rings', () => {
    throw fault;
  });
  bell.once('rings', (times) => void heard.push(`once ${times}`));
  bell.emit('rings', [1]);
  bell.emit('rings', [2]);
  expect(heard).toEqual(['first 1', 'once 1', 'first 2']);
  expect(uncaught).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve));
  expect(uncaught).toEqual([fault, fault]);
});

it('K30: a listener that is removed by another one is called for the last time, and one that is added waits for the next', () => {
  const bell = new Bell();
  const heard: string[] = [];
  const removed = (): void => void heard.push('removed');
  const added = (): void => void heard.push('added');
  bell.on('rings', () => {
    bell.off('rings', removed);
    bell.on('rings', added);
  });
  bell.on('rings', removed);
  bell.emit('rings', [1]);
  expect(heard).toEqual(['removed']);
  bell.emit('rings', [2]);
  expect(heard).toEqual(['removed', 'added']);
  expect(bell).toBeInstanceOf(ObservableV2);
});

it('K30: what a guarded call throws interrupts nobody', async () => {
  const uncaught = collectUncaught();
  guarded(() => {
    throw new Error('of a call');
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(uncaught).toEqual([new Error('of a call')]);
});
