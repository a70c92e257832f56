// Clients of the native protocol that come and go, resume by offset, also over checkpoints, a server that crashes, and a store
// that refuses the document alone, or is away: nobody misses anything, nothing acknowledged is lost, and nothing is asked for that is there. HEDDLE_SEED replays one run.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { StoreError } from '../../server/errors.js';
import type { Known } from '../../shared/native/fields.js';
import type { Limits } from '../../shared/limits.js';
import { ControlledStore } from '../support/controlled-store.js';
import { contentOf, rootsOf } from '../support/histories.js';
import { MemoryPeer } from '../support/memory-peer.js';
import { NativePeer, type PeerDocument } from '../support/native-peer.js';
import { randomEdits } from '../support/random-edits.js';
import { chooseSeed, withSeed, type SeededRandom } from '../support/seeded-random.js';
import { createSessionServer, type SessionServer } from '../support/session-server.js';

const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 150);
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const steps = 80;

/** What the real client does about one document, without its timers: keeps what is not acknowledged, and resumes. */
class Client {
  readonly doc = new Y.Doc();
  /** Edits in order that are not known to be durable. */
  #pending: Uint8Array[] = [];
  #known: Known = { kind: 'nothing' };
  #peer: NativePeer | undefined;
  #document: PeerDocument | undefined;
  /** How many of the pending have been sent on this connection. */
  #sent = 0;
  /** Of each number on its way: whether it is one of the pending. */
  #onTheWay: boolean[] = [];
  #acked = 0;
  #answered = 0;
  #isCounted = false;
  #hasRequested = false;
  /** It was away while a checkpoint was made. */
  #isAcross = false;
  resumed = 0;
  resumedAcross = 0;
  /** It knew where it had been, and that was of no use. */
  askedAcross = 0;

  constructor() {
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === this.#peer) return;
      this.#pending.push(update);
      this.#sendPending();
    });
  }

  get isConnected(): boolean {
    return this.#peer !== undefined;
  }

  get unacknowledged(): number {
    return this.#pending.length;
  }

  connect(server: SessionServer): void {
    const checkpointOffset = server.store.replaced.at(-1)?.checkpoint.offset ?? 0;
    this.#isAcross = this.#known.kind === 'offset' && this.#known.offset < checkpointOffset;
    this.#peer = new NativePeer(server.transport);
    this.#document = this.#peer.open('doc', this.doc, this.#known);
    [this.#sent, this.#acked, this.#answered, this.#onTheWay] = [0, 0, 0, []];
    [this.#isCounted, this.#hasRequested] = [false, false];
  }

  /** Does what follows from what has been heard. */
  look(): void {
    const [peer, document] = [this.#peer, this.#document];
    if (peer === undefined || document === undefined) return;
    const hasEnded = peer.heardOf('closed').length + peer.heardOf('not-opened').length > 0;
    if (peer.closed !== undefined || hasEnded) return this.disconnect();
    const [opened] = peer.heardOf('opened');
    if (opened === undefined) return;
    if (!opened.isContentNext && !this.#hasRequested) {
      this.#hasRequested = true;
      if (this.#isAcross) this.askedAcross++;
      const stateVector = Y.encodeStateVector(this.doc);
      peer.say({ type: 'request', document: document.number, stateVector });
    } else if (opened.isContentNext && opened.stateVector.length === 0 && !this.#isCounted) {
      this.#isCounted = true;
      this.resumed++;
      if (this.#isAcross) this.resumedAcross++;
    }
    if (document.cursor > 0) this.#known = { kind: 'offset', epoch: document.epoch, offset: document.cursor };
    for (; this.#acked < document.acked; this.#acked++) {
      if (this.#onTheWay.shift() !== true) continue;
      this.#pending.shift();
      this.#sent--;
    }
    this.#sendPending();
    for (const { stateVector } of peer.heardOf('wanted').slice(this.#answered)) {
      this.#answered++;
      this.#onTheWay.push(false);
      peer.update(document, Y.encodeStateAsUpdate(this.doc, stateVector), 'offer');
    }
  }

  disconnect(): void {
    this.#peer?.terminate();
    this.#peer = undefined;
    this.#document = undefined;
  }

  #sendPending(): void {
    const [peer, document] = [this.#peer, this.#document];
    if (peer === undefined || document === undefined || !document.isSynced) return;
    for (const update of this.#pending.slice(this.#sent)) {
      this.#onTheWay.push(true);
      peer.update(document, update);
    }
    this.#sent = this.#pending.length;
  }
}

class Play {
  readonly #random: SeededRandom;
  readonly #store = new ControlledStore();
  readonly clients = Array.from({ length: 4 }, () => new Client());
  readonly stock = new Y.Doc();
  #stockPeer: MemoryPeer | undefined;
  readonly #limits: Partial<Limits>;
  #server: SessionServer;
  crashes = 0;
  refusals = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    // Now and then so little that the log before the checkpoint is soon gone, and in parts.
    this.#limits = random.chance(0.3) ? { maxKeptLogBytes: 300, syncPartBytes: 100 } : {};
    this.#server = createSessionServer({ store: this.#store, limits: this.#limits });
    for (const [i, { doc }] of this.clients.entries()) doc.clientID = i + 1;
    this.stock.clientID = 77;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const client = random.pick(this.clients);
    const action = random.int(106);
    if (action < 55) edit(client.doc, random);
    else if (action < 60) edit(this.stock, random);
    else if (action < 75 && client.isConnected) client.disconnect();
    else if (action < 75) client.connect(this.#server);
    else if (action < 80) this.#turnStock();
    else if (action < 84) await this.#crash();
    else if (action < 88) await this.#checkpoint();
    else if (action < 91) this.#store.hold('append');
    else if (action < 95) this.#store.release('append');
    else if (action < 97) this.#store.hold('loadKept');
    else if (action < 100) this.#store.release('loadKept');
    else if (action < 103) this.#refuse();
    else this.#store.failures.set('append', new StoreError('STORE_AWAY', 'no answer'));
    await this.#run(random.pick([1, 5, 20, 120]));
  }

  /** Everybody connects and gets the time it takes; ends with what all have. */
  async settle(): Promise<unknown[]> {
    this.#store.release('append');
    this.#store.release('loadKept');
    this.#store.outcomes = [];
    await this.#run(200);
    if (this.#stockPeer === undefined) this.#turnStock();
    for (let round = 0; round < 20; round++) {
      for (const client of this.clients) if (!client.isConnected) client.connect(this.#server);
      await this.#run(200);
      if (this.clients.every(({ isConnected, unacknowledged }) => isConnected && unacknowledged === 0)) break;
    }
    await this.#run(500);
    const late = new MemoryPeer(this.#server.transport, { isPresent: false });
    await this.#run(200);
    const docs = [...this.clients.map(({ doc }) => doc), this.stock, late.doc];
    late.destroy();
    return docs.map((doc) => contentOf(doc));
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    this.#stockPeer?.terminate();
    this.#stockPeer?.destroy();
    await this.#server.close();
  }

  async #run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5) {
      await this.#server.run(Math.min(5, left));
      for (const client of this.clients) client.look();
    }
    await this.#server.settle();
    for (const client of this.clients) client.look();
    if (this.#stockPeer?.closed !== undefined) this.#turnStock();
  }

  /** The next append of the document fails alone: its offsets are given to others, in the same epoch. */
  #refuse(): void {
    this.refusals++;
    this.#store.outcomes = [[{ kind: 'failed', error: new StoreError('STORE_CONFLICT', 'refused') }]];
  }

  #turnStock(): void {
    if (this.#stockPeer === undefined) {
      this.#stockPeer = new MemoryPeer(this.#server.transport, { doc: this.stock });
      return;
    }
    this.#stockPeer.terminate();
    this.#stockPeer.destroy();
    this.#stockPeer = undefined;
  }

  /** What was not handed to the store is lost; clients notice that the connection has ended. */
  async #crash(): Promise<void> {
    this.crashes++;
    this.#store.release('append');
    this.#store.release('loadKept');
    for (const client of this.clients) client.disconnect();
    if (this.#stockPeer !== undefined) this.#turnStock();
    // Its clock stands still from now on: all it still does is what the store owes it.
    await this.#server.settle();
    this.#server = createSessionServer({ store: this.#store, limits: this.#limits });
  }

  get checkpoints(): number {
    return this.#store.replaced.length;
  }

  async #checkpoint(): Promise<void> {
    const room = await this.#server.registry.open('doc' as never);
    this.#store.release('append');
    await Promise.race([this.#server.registry.checkpoint(room), this.#run(100)]);
  }
}

function edit(doc: Y.Doc, random: SeededRandom): void {
  randomEdits(doc, Object.values(rootsOf(doc)), random, { formats: false });
}

/** What has happened, to see that it has. */
interface Counts {
  crashes: number;
  refusals: number;
  checkpoints: number;
  resumed: number;
  resumedAcross: number;
  askedAcross: number;
}

async function play(seed: number): Promise<Counts> {
  return withSeed(seed, async (random) => {
    const world = new Play(random);
    try {
      for (let step = 0; step < steps; step++) await world.step();
      const [first, ...others] = await world.settle();
      for (const [i, content] of others.entries()) expect(content, `${i + 1} of seed ${seed}`).toEqual(first);
      expect(world.clients.map(({ unacknowledged }) => unacknowledged)).toEqual([0, 0, 0, 0]);
      const sumOf = (key: 'resumed' | 'resumedAcross' | 'askedAcross'): number =>
        world.clients.reduce((sum, client) => sum + client[key], 0);
      return {
        crashes: world.crashes,
        refusals: world.refusals,
        checkpoints: world.checkpoints,
        resumed: sumOf('resumed'),
        resumedAcross: sumOf('resumedAcross'),
        askedAcross: sumOf('askedAcross'),
      };
    } finally {
      await world.close();
    }
  });
}

const seed = chooseSeed();

test(
  `N4, N5, N8, C1: crashes, checkpoints and returns, from seed ${seed} on`,
  { timeout: 120_000 },
  async () => {
    const sum: Counts = {
      crashes: 0,
      refusals: 0,
      checkpoints: 0,
      resumed: 0,
      resumedAcross: 0,
      askedAcross: 0,
    };
    for (let run = 0; run < (isReplay ? 1 : runs); run++) {
      const counts = await play(seed + run);
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
    }
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (!isReplay) for (const [what, count] of Object.entries(sum)) expect(count, what).toBeGreaterThan(0);
  },
);
