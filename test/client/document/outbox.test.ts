// What counts as durable of what a client has made, whatever becomes of the parts in which it is sent.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { Outbox, type Fit, type Outgoing } from '../../../client/document/outbox.js';
import { chosenSeed } from '../../support/typist.js';
import { SeededRandom } from '../../support/seeded-random.js';

const maxUpdateBytes = 1_000_000;
const isTidied = (): boolean => false;
const fit: Fit = Object.assign((update: Uint8Array) => ({ update, refused: undefined }), { isTidied });
const refused = { ids: Y.createDeleteSet(), kind: 'invalid', fault: 'a test' } as const;
const unfit: Fit = Object.assign((update: Uint8Array) => ({ update, refused }), { isTidied });

/** A client that makes edits, and a server that takes some of what it is sent, in order. */
class World {
  readonly outbox = new Outbox();
  readonly #random: SeededRandom;
  readonly #doc = new Y.Doc();
  readonly #server = new Y.Doc();
  /** The clock of the author after each edit. */
  readonly #ends: number[] = [];
  #sent: Outgoing[] = [];
  #toldDurable = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#doc.on('update', (update: Uint8Array) => {
      this.#ends.push(Y.getState(this.#doc.store, this.#doc.clientID));
      this.outbox.add(update);
    });
  }

  step(): void {
    const what = this.#random.int(20);
    if (what < 5) this.#doc.getText('text').insert(0, 'typed');
    else if (what < 7) this.#formatMuch();
    else if (what < 13) this.#say(fit);
    else if (what < 16) this.#acknowledge();
    else if (what < 18) this.#refuse();
    else if (what < 19) this.#say(unfit);
    else this.#lose();
  }

  /** Several parts of the usual size, which is sent whole all the same. */
  #formatMuch(): void {
    const text = this.#doc.getText('text');
    this.#doc.transact(() => {
      for (let i = 0; i < 200; i++)
        text.insert(text.length, 'x'.repeat(1_000), { b: i % 2 === 0 ? true : null });
    });
  }

  #say(fitted: Fit): void {
    const next = this.outbox.next(maxUpdateBytes, fitted);
    if (next?.type === 'refused') this.outbox.refuseNext();
    else if (next !== undefined && next.type !== 'elsewhere') this.#sent.push(next);
  }

  #acknowledge(): void {
    const next = this.#sent.shift();
    if (next === undefined) return;
    Y.applyUpdate(this.#server, next.update);
    this.outbox.acknowledged(next.seq);
  }

  #refuse(): void {
    const next = this.#sent.shift();
    if (next === undefined) return;
    if (!this.outbox.cutRefused(next.seq)) this.outbox.refused(next.seq);
  }

  #lose(): void {
    this.#sent = [];
    this.outbox.reset();
  }

  /** What is wrong with what counts as durable; '' when nothing is. */
  get fault(): string {
    const { durable } = this.outbox;
    const before = this.#toldDurable;
    this.#toldDurable = durable;
    if (durable < before) return `${durable} edits are durable, which were ${before}`;
    const has = Y.getState(this.#server.store, this.#doc.clientID);
    return has < (this.#ends[durable - 1] ?? 0) ? `the server lacks some of ${durable} durable edits` : '';
  }
}

const seed = chosenSeed();

describe('N20: what counts as durable', () => {
  it(`is with the server, and never less than before (HEDDLE_SEED=${seed}, 60 runs)`, () => {
    for (let run = 0; run < 60; run++) {
      const world = new World(new SeededRandom(seed + run));
      for (let step = 0; step < 60; step++) {
        world.step();
        expect(world.fault).toBe('');
      }
    }
  });

  it('is nothing while the part that brings an earlier edit is not taken', () => {
    const outbox = new Outbox();
    const doc = new Y.Doc();
    doc.on('update', (update: Uint8Array) => outbox.add(update));
    const text = doc.getText('text');
    doc.transact(() => {
      for (let i = 0; i < 100; i++)
        text.insert(text.length, 'x'.repeat(1_000), { b: i % 2 === 0 ? true : null });
    });
    const whole = outbox.next(maxUpdateBytes, fit) as Outgoing;
    text.insert(0, 'later');
    const later = outbox.next(maxUpdateBytes, fit) as Outgoing;
    expect(outbox.cutRefused(whole.seq)).toBe(true);
    outbox.acknowledged(later.seq);
    expect([outbox.durable, outbox.size]).toEqual([0, 1]);
    outbox.reset();
    expect((outbox.next(maxUpdateBytes, fit) as Outgoing).update.length).toBeGreaterThan(1_000);
  });
});

describe('what Yjs has made of its own accord, and a commenter may not send', () => {
  const nothing = Uint8Array.of(0, 0);
  const elsewhereFit: Fit = Object.assign(
    (update: Uint8Array) => ({ update: nothing, refused: undefined, elsewhere: update }),
    { isTidied: () => true },
  );

  it('A22: is kept in few pieces, and no empty update is sent for it', () => {
    const outbox = new Outbox();
    const doc = new Y.Doc();
    doc.on('update', (update: Uint8Array) => outbox.derive(update));
    for (let at = 0; at < 1_000; at++) {
      doc.getText('text').insert(0, 'x');
      expect(outbox.next(maxUpdateBytes, elsewhereFit)).toBeUndefined();
    }
    expect(outbox.derived.length).toBeLessThanOrEqual(64);
    expect(outbox.isSettled).toBe(true);
    // With other rights all of it is sent.
    outbox.reset();
    const sent = outbox.next(maxUpdateBytes, fit) as Outgoing;
    const other = new Y.Doc();
    Y.applyUpdate(other, sent.update);
    expect(other.getText('text').length).toBe(1_000);
  });
});
