// A fuzz run: servers that come, crash and go over one store, and the replicas that use them, driven by one seed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { vi } from 'vitest';
import { WebsocketProvider as Provider1 } from 'y-websocket-1';
import { WebsocketProvider as Provider2 } from 'y-websocket-2';
import { WebsocketProvider as Provider30 } from 'y-websocket-3';
import { WebsocketProvider as Provider31 } from 'y-websocket';
import * as Y from 'yjs';
import { openLevelStore } from '../../server/store/level-store.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { DocumentStore } from '../../server/store/store.js';
import { systemClock } from '../../shared/clock.js';
import { contentOf, rootsOf } from '../support/histories.js';
import { Peer, until } from '../support/peer.js';
import { randomEdits } from '../support/random-edits.js';
import { SeededRandom } from '../support/seeded-random.js';
import {
  recordingLogger,
  startServer,
  storedDocument,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';
import { FaultyStore } from './faulty-store.js';
import { LossyReplica, StockReplica, type Replica } from './replica.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const KiB = 1024;
const providers = [Provider1, Provider2, Provider30, Provider31] as unknown as (typeof Provider31)[];
const documents = ['one', 'two/deep', 'three'];

interface Member {
  readonly documentName: string;
  readonly replica: Replica;
}

export class World {
  /** What happened, for the report of a failure. */
  readonly events: string[] = [];
  checkpoints = 0;
  /** Writers whose acknowledged edits were looked for in the store after a server had gone. */
  acknowledged = 0;
  readonly #random: SeededRandom;
  readonly #logger = recordingLogger();
  /** Outlives the servers. */
  #inner: DocumentStore = createMemoryStore();
  #directory: string | undefined;
  readonly #members: Member[] = [];
  readonly #formats: boolean;
  readonly #hasTokens: boolean;
  readonly #gc: boolean;
  readonly #isTight: boolean;
  readonly #failsAppends: boolean;
  #proxy!: TcpProxy;
  #store!: FaultyStore;
  #server!: TestServer;
  #jumpedMs = 0;

  private constructor(random: SeededRandom) {
    this.#random = random;
    this.#formats = random.chance(0.3);
    this.#hasTokens = random.chance(0.5);
    this.#gc = random.chance(0.7);
    this.#isTight = random.chance(0.5);
    // Of its own source, so that seeds of before go on meaning the same.
    this.#failsAppends = new SeededRandom(random.seed ^ 1).chance(0.4);
    this.events.push(
      `formats ${this.#formats} tokens ${this.#hasTokens} gc ${this.#gc} tight ${this.#isTight} failing ${this.#failsAppends}`,
    );
  }

  static async create(random: SeededRandom): Promise<World> {
    const world = new World(random);
    const { monotonic } = systemClock;
    vi.spyOn(systemClock, 'monotonic').mockImplementation(() => monotonic() + world.#jumpedMs);
    if (random.chance(0.3)) {
      world.#directory = await mkdtemp(join(tmpdir(), 'heddle-fuzz-'));
      // What is tested here is not the disk.
      const options = { directory: world.#directory, durability: 'os', clock: systemClock } as const;
      world.#inner = await openLevelStore(options);
    }
    world.#proxy = await TcpProxy.listen();
    await world.#start();
    for (let i = 0; i < 8; i++) await world.#join(documents[i % documents.length]!);
    return world;
  }

  /** One random thing after the other. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      if (this.#random.chance(0.3)) await pause(this.#random.int(6));
    }
  }

  /** Ends all faults, and returns what everybody has of every document then; the store and a newcomer too. */
  async settle(): Promise<Map<string, { readonly who: string; readonly content: unknown }[]>> {
    this.#store.calm();
    this.#store.release();
    for (const { replica } of this.#members) replica.disconnect(this.#random.chance(0.5));
    await Promise.all(this.#members.map(({ replica }) => replica.settle()));
    await this.#untilEqual();
    await this.#server.close();
    const found = new Map<string, { who: string; content: unknown }[]>();
    this.#store = new FaultyStore(this.#inner);
    this.#server = await startServer(this.#options());
    for (const documentName of documents) {
      const all = this.#membersOf(documentName).map(({ replica }, i) => ({
        who: `replica ${i}`,
        content: this.#contentOf(replica.doc),
      }));
      const stored = await storedDocument(this.#inner, documentName);
      all.push({ who: 'store', content: this.#contentOf(stored) });
      const token = await this.#token('newcomer');
      const asked = token === undefined ? {} : { token };
      const newcomer = await new Peer(`${this.#server.url}/${documentName}`, asked).synced();
      all.push({ who: 'newcomer', content: this.#contentOf(newcomer.doc) });
      newcomer.terminate();
      found.set(documentName, all);
    }
    return found;
  }

  /** Codes that tell a client to stay away, and errors of the server's own making: none is deserved here. */
  undeserved(): string[] {
    const codes = this.#members.flatMap(({ replica }) => replica.closes);
    const refusals = codes.filter((code) => (code >= 4400 && code < 4500) || code === 1011);
    const errors = this.#logger.lines.filter(
      (line) => /INTERNAL|checkpoint/.test(line) && !line.includes('the store is gone'),
    );
    return [...refusals.map(String), ...errors];
  }

  async close(): Promise<void> {
    for (const { replica } of this.#members) replica.close();
    this.#proxy.close();
    await this.#server.close().catch(() => undefined);
    await this.#inner.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    vi.restoreAllMocks();
  }

  async #step(): Promise<void> {
    const random = this.#own();
    const { replica } = random.pick(this.#members);
    const dice = random.int(1000);
    if (dice < 700) this.#edit(replica.doc, random);
    else if (dice < 790) replica.flush();
    else if (dice < 840) replica.disconnect(random.chance(0.5));
    else if (dice < 940) replica.connect();
    else if (dice < 950) this.#proxy.cut();
    else if (dice < 960) this.#store.hold();
    else if (dice < 975) this.#store.release();
    else if (dice < 980) await this.#restart(true);
    else if (dice < 985) await this.#restart(false);
    else if (dice < 990) await this.#checkpoint(random);
    else if (this.#members.length < 14) await this.#join(random.pick(documents), replica.doc);
  }

  #edit(doc: Y.Doc, random: SeededRandom): void {
    randomEdits(doc, Object.values(rootsOf(doc)), random, { formats: this.#formats, hasLargeText: true });
  }

  /** Randomness of its own for whatever takes more or less of it depending on time, so that the rest stays as it was. */
  #own(): SeededRandom {
    return new SeededRandom(this.#random.uint32());
  }

  /** Lets so much time pass for the server that it makes its checkpoints, while edits go on. */
  async #checkpoint(random: SeededRandom): Promise<void> {
    this.events.push('checkpoint');
    this.#store.release();
    const { checkpoints } = this.#store;
    this.#jumpedMs += 10 * 60_000;
    const from = performance.now();
    while (this.#store.checkpoints === checkpoints && performance.now() - from < 1_500) {
      const { replica } = random.pick(this.#members);
      this.#edit(replica.doc, random);
      await pause(20);
    }
    this.checkpoints += this.#store.checkpoints - checkpoints;
  }

  async #restart(isGraceful: boolean): Promise<void> {
    this.events.push(isGraceful ? 'restart' : 'crash');
    this.#proxy.target = undefined;
    if (isGraceful) {
      this.#store.release();
      await this.#server.close();
    } else {
      this.#proxy.cut();
      this.#store.crash();
      await this.#server.close().catch(() => undefined);
    }
    await this.#checkAcknowledged();
    await this.#start();
  }

  /** D1: whatever a writer was told is durable is in the store that outlived the server. */
  async #checkAcknowledged(): Promise<void> {
    for (const documentName of documents) {
      const stored = await storedDocument(this.#inner, documentName);
      const clocks = Y.decodeStateVector(Y.encodeStateVector(stored));
      for (const { replica } of this.#membersOf(documentName)) {
        const clock = clocks.get(replica.doc.clientID) ?? 0;
        this.acknowledged += replica.acknowledged > 0 ? 1 : 0;
        if (clock >= replica.acknowledged) continue;
        throw new Error(
          `acknowledged up to ${replica.acknowledged}, stored up to ${clock} of ${documentName}`,
        );
      }
    }
  }

  async #start(): Promise<void> {
    const random = this.#own();
    const faults = ['refused', 'away', 'unanswered'] as const;
    const chance = new SeededRandom(random.seed ^ 1);
    this.#store = new FaultyStore(
      this.#inner,
      () => (random.chance(0.2) ? random.int(30) : 0),
      () => (this.#failsAppends && chance.chance(0.05) ? chance.pick(faults) : undefined),
    );
    this.#server = await startServer(this.#options());
    this.#proxy.target = this.#server.port;
  }

  #options(): Parameters<typeof startServer>[0] {
    const tight = { syncPartBytes: 2 * KiB, softBufferedBytes: 4 * KiB, maxIdleBytes: 0 };
    return {
      store: this.#store,
      gc: this.#gc,
      logger: this.#logger,
      auth: this.#hasTokens ? { secret: testSecret } : 'none',
      ...(this.#isTight ? { limits: tight } : {}),
    };
  }

  /** A new user; sometimes one that begins with a copy from before, as after a reload of the page. */
  async #join(documentName: string, from?: Y.Doc): Promise<void> {
    const random = this.#own();
    const doc = new Y.Doc({ gc: random.chance(0.7) });
    doc.clientID = random.uint32();
    const isCopy =
      from !== undefined && this.#membersOf(documentName).some(({ replica }) => replica.doc === from);
    // Under another name it would bring what is not its own; see C3.
    if (isCopy && !this.#hasTokens) Y.applyUpdate(doc, Y.encodeStateAsUpdate(from));
    const token = await this.#token(`user-${this.#members.length}`);
    const options = { url: this.#proxy.url, documentName, token, doc, random };
    const replica = random.chance(0.5)
      ? new LossyReplica(options)
      : new StockReplica(options, random.pick(providers));
    this.#members.push({ documentName, replica });
    replica.connect();
  }

  async #token(sub: string): Promise<string | undefined> {
    return this.#hasTokens ? tokenFor(sub) : undefined;
  }

  #membersOf(documentName: string): Member[] {
    return this.#members.filter((member) => member.documentName === documentName);
  }

  /** Yjs tidies formatting of its own accord, so what is deleted of it depends on what was read together. */
  #contentOf(doc: Y.Doc): unknown {
    return contentOf(doc, !this.#formats);
  }

  async #untilEqual(): Promise<void> {
    const isEqual = (): boolean =>
      documents.every((documentName) => {
        const [first, ...others] = this.#membersOf(documentName).map(({ replica }) =>
          this.#contentOf(replica.doc),
        );
        return others.every((other) => isDeepStrictEqual(other, first));
      });
    // What is not equal by then is told in detail by the comparison that follows.
    await until(isEqual, 'all replicas are equal', 10_000).catch(() => undefined);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
