// What an update with a hole waits for.

import { describe, expect, it } from 'vitest';
import { CausalIndex, type MissingId } from '../../../server/crdt/causal-index.js';
import { defaultLimits } from '../../../shared/limits.js';
import { bytesOf, seedUpdate, text, update, VICTIM } from './hostile-updates.js';

const skip = (length: number): Uint8Array => bytesOf(10, length);
const A = 2 ** 53 - 1;
const B = 2 ** 32;

function missingOf(bytes: Uint8Array, most = 10): readonly MissingId[] {
  const index = new CausalIndex(defaultLimits);
  index.apply(index.judge(seedUpdate()));
  const verdict = index.judge(bytes);
  if (verdict.outcome === 'new') index.apply(verdict);
  return index.missing(bytes, most);
}

describe('C9: what an update waits for', () => {
  it('is the first id of a gap, not of what lies behind it', () => {
    expect(missingOf(update([[A, 5, [text({ root: 'text' }, 'x')]]]))).toEqual([{ client: A, clock: 0 }]);
  });

  it('is the gap that a Skip stands for, once what comes before it is taken', () => {
    const holed = [text({ root: 'text' }, 'abc'), skip(2), text({ root: 'text' }, 'x'), skip(1)];
    expect(missingOf(update([[A, 0, holed]]))).toEqual([{ client: A, clock: 3 }]);
    expect(missingOf(update([[A, 0, [text({ root: 'text' }, 'abc'), skip(2)]]]))).toEqual([]);
  });

  it('is what is missing at the root, not what waits for it', () => {
    const chain = update([
      [A, 0, [skip(2), text({ root: 'text' }, 'x')]],
      [B, 0, [text({ origin: [A, 2] }, 'y')]],
      [7, 0, [text({ right: [B, 0] }, 'z')]],
    ]);
    expect(missingOf(chain)).toEqual([{ client: A, clock: 0 }]);
  });

  it('is each id that is neither here nor in the update', () => {
    const several = update([
      [B, 0, [text({ origin: [3, 4], right: [VICTIM, 11] }, 'y')]],
      [7, 0, [text({ parent: [5, 0] }, 'z')]],
    ]);
    const all = [
      { client: 3, clock: 4 },
      { client: VICTIM, clock: 11 },
      { client: 5, clock: 0 },
    ];
    expect(missingOf(several)).toEqual(all);
    expect(missingOf(several, 2)).toEqual(all.slice(0, 2));
  });

  it('is what a deletion speaks of', () => {
    expect(missingOf(update([], [[VICTIM, [2, 20]]]))).toEqual([{ client: VICTIM, clock: 11 }]);
    expect(missingOf(update([], [[A, [3, 1], [9, 1]]]))).toEqual([{ client: A, clock: 3 }]);
  });

  it('is nothing for two that wait for each other, and for what is known', () => {
    const ring = update([
      [B, 0, [text({ origin: [3, 0] }, 'x')]],
      [3, 0, [text({ origin: [B, 0] }, 'y')]],
    ]);
    expect(missingOf(ring)).toEqual([]);
    expect(missingOf(seedUpdate())).toEqual([]);
  });
});

describe('C9: an update with a hole', () => {
  it('is taken up to the hole, whoever may write behind it', () => {
    const index = new CausalIndex(defaultLimits);
    const holed = update([
      [A, 3, [text({ root: 'text' }, 'x')]],
      [B, 0, [text({ root: 'text' }, 'abc'), skip(2), text({ root: 'text' }, 'x')]],
    ]);
    const verdict = index.judge(holed, (client) => client === A);
    expect(verdict).toMatchObject({ outcome: 'new', isIncomplete: true, isForeign: false, soleClient: B });
    expect(verdict.update).toEqual(update([[B, 0, [text({ root: 'text' }, 'abc')]]]));
  });
});
