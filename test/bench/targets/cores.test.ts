import { describe, expect, test } from 'vitest';
import { canPin, loadCore, pinned, readCoreList, serverCore } from '../../../bench/targets/cores.js';

describe('cores', () => {
  test('reads the list of the kernel', () => {
    expect(readCoreList('0-3,8')).toEqual([0, 1, 2, 3, 8]);
    expect(readCoreList('5')).toEqual([5]);
    expect(readCoreList('')).toEqual([]);
  });

  test('server and load have different cores, or none of their own', () => {
    expect(pinned(loadCore, ['node', 'x'])).toEqual(
      canPin ? ['taskset', '-c', String(loadCore), 'node', 'x'] : ['node', 'x'],
    );
    if (canPin) expect(loadCore).not.toBe(serverCore);
  });
});
