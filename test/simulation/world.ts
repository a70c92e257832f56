// One simulated world: a disk, servers that come and go on it, and everybody who uses them. One seed decides all that
// happens. Says what happens; whether that was right is for verdict.ts, ledger.ts and native-ear.ts to say.

import * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import { defaultLimits } from '../../shared/limits.js';
import type { Access } from '../../shared/permission.js';
import { rootsOf } from '../support/histories.js';
import { randomEdits } from '../support/random-edits.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { Bounds } from './bounds.js';
import type { Agent, AgentDeps, Copy, HonestAgent } from './agent.js';
import { Browser } from './browser.js';
import { Disk } from './disk.js';
import * as hostile from './hostile-bytes.js';
import { Ledger } from './ledger.js';
import { NativeAgent } from './native-agent.js';
import { People, type Ticket } from './people.js';
import type { DiskMood } from './process-store.js';
import { RawAgent } from './raw-agent.js';
import { HookError, ServerProcess } from './server-process.js';
import type { Shape } from './shape.js';
import { StockAgent } from './stock-agent.js';
import { Timeline } from './timeline.js';
import { WeatherMaker } from './weather-maker.js';

/** An orderly stop takes no longer than this, whatever the clients do (O3). */
const stopMs = 15_000;
/** After faults have ended everything is as it should be within this time: held updates are given up after 10 s. */
const calmMs = 12_000;
/** And everybody's presence has been renewed and told once more, which takes up to 23 s. */
const longCalmMs = 24_000;
/** A client over HTTP that has gone without a word is given up after 50 s. */
const emptyMs = 60_000;

export class World {
  readonly timeline = new Timeline();
  readonly disk = new Disk();
  readonly ledger = new Ledger(this.timeline, this.disk);
  readonly documents: readonly DocumentName[];
  readonly honest: HonestAgent[] = [];
  readonly raw: RawAgent[] = [];
  readonly shape: Shape;
  readonly #random: SeededRandom;
  readonly #bounds: Bounds;
  readonly #people: People;
  readonly #mood: DiskMood;
  readonly #deps: AgentDeps;
  readonly #ghosts = new Set<() => void>();
  readonly #loaded = new Set<DocumentName>();
  #process: ServerProcess | undefined;
  /** All that ever ran. */
  readonly #processes: ServerProcess[] = [];
  #mustStopBy: number | undefined;
  #isCalm = false;
  #lastId = 1_000;

  constructor(shape: Shape, random: SeededRandom) {
    this.shape = shape;
    this.#random = random;
    this.documents = ['a', 'b', 'c'].slice(0, shape.documents) as unknown as DocumentName[];
    this.#bounds = new Bounds(this.timeline, { ...defaultLimits, ...shape.limits });
    this.#people = new People(this.timeline.clock, random.fork(1));
    this.#people.slowestMs = shape.slowestCheckMs;
    this.#mood = { slowestMs: shape.slowestDiskMs, failingLoads: 0, lostAnswers: 0, isFatal: false };
    this.timeline.move = () => {
      // What a server sent before its end may still be on its way.
      let hasMoved = false;
      for (const process of this.#processes) {
        process.look();
        if (process.isThere) this.#bounds.checkTimers(process, shape.documents);
        hasMoved = process.server.transport.flush() || hasMoved;
      }
      return hasMoved;
    };
    this.#deps = this.#makeDeps();
    this.#start();
    this.#populate();
  }

  /** How many servers have come to their end. */
  get restarts(): number {
    return this.#processes.length - 1;
  }

  /** C2: something was thrown that nobody caught. Our client does that with what it cannot apply. */
  thrown(what: string): void {
    // Somebody else was the first to write under its id, so it cannot apply what others build on that (J17). What is thrown
    // does not say whose document it is about.
    const mayBe = ({ document, doc }: Copy): boolean => this.ledger.isLost(document, doc);
    if (this.honest.some(({ copies }) => copies.some(mayBe))) this.timeline.log(`thrown: ${what}`);
    else this.timeline.violate('C2', `nobody catches what is thrown: ${what}`);
  }

  /** One thing happens, and a little time passes. */
  async step(random: SeededRandom): Promise<void> {
    const agents: readonly Agent[] = [...this.honest, ...this.raw];
    if (random.chance(0.85)) random.pick(agents).act(random);
    else await this.#fate(random);
    const short = this.shape.isBusy ? [0, 0, 0, 1, 2, 5, 20] : [0, 0, 1, 3, 10, 50, 200];
    await this.timeline.pass(random.chance(0.05) ? random.pick([1_000, 4_000]) : random.pick(short));
    this.#checkStop();
  }

  /** Every fault ends, everybody comes back, and time passes. */
  async calm(random: SeededRandom, isLast: boolean): Promise<void> {
    this.timeline.log('calm');
    this.#isCalm = true;
    Object.assign(this.#mood, { slowestMs: 1, failingLoads: 0, lostAnswers: 0, isFatal: false });
    for (const bury of this.#ghosts) bury();
    await this.#awaitStop();
    if (this.#process?.store.hasFailed === true) await this.#crash();
    this.#start();
    for (const agent of this.raw) agent.calm();
    for (const agent of this.honest) {
      if (agent.ticket.exp !== undefined)
        agent.renew(this.#people.issue(agent.ticket.sub, agent.ticket.rights));
      agent.calm();
    }
    await this.timeline.pass(2_000);
    // Whoever may not read any more would be told of this.
    if (random.chance(0.5)) random.pick(this.honest).type(random);
    await this.timeline.pass(isLast ? longCalmMs : calmMs);
    await this.#untilRead();
    this.#mood.slowestMs = this.shape.slowestDiskMs;
    this.#isCalm = false;
  }

  /** Where parts are of some bytes and each takes a request, a large update takes a while: whoever gets on is waited for. */
  async #untilRead(): Promise<void> {
    const read = (): number => {
      const docs = this.honest.flatMap(({ copies }) => copies.map(({ doc }) => doc));
      return docs
        .flatMap((doc) => [...Y.decodeStateVector(Y.encodeStateVector(doc)).values()])
        .reduce((sum, clock) => sum + clock, 0);
    };
    const isBehind = ({ copies }: HonestAgent): boolean => copies.some((copy) => this.#lacks(copy));
    for (let before = -1; this.honest.some(isBehind) && read() !== before;) {
      before = read();
      await this.timeline.pass(1_000);
    }
  }

  #lacks({ document, doc }: Copy): boolean {
    return this.disk.clocksOf(document).some(([client, clock]) => Y.getState(doc.store, client) < clock);
  }

  /** A checkpoint of each document that is in use. */
  async checkpoint(): Promise<void> {
    const process = this.#process;
    if (process?.isUp !== true) return;
    for (const document of this.documents) {
      const made = process.server.registry
        .open(document)
        .then((room) => process.server.registry.checkpoint(room));
      made.catch((error: unknown) => this.timeline.log(`no checkpoint of ${document}: ${String(error)}`));
    }
    await this.timeline.pass(0);
  }

  /** A user who comes to a document for the first time, and types nothing. */
  visitor(document: DocumentName): StockAgent {
    const ticket = this.#people.issue('visitor', new Map([[document, 'write']]));
    const random = this.#random.fork(99);
    return new StockAgent(this.#deps, { name: 'visitor', document, ticket, isPresent: false, random });
  }

  /** Everybody leaves, and time passes, until also those are given up whose end the server was not told of. */
  async empty(): Promise<void> {
    this.timeline.log('everybody leaves');
    for (const agent of [...this.honest, ...this.raw]) agent.end();
    for (const bury of this.#ghosts) bury();
    await this.timeline.pass(emptyMs);
    if (this.#process?.isUp === true) this.#bounds.checkEmpty(this.#process);
    await this.timeline.turn();
  }

  async end(): Promise<void> {
    for (const agent of [...this.honest, ...this.raw]) agent.end();
    this.#process?.clock.kill();
    this.#process?.server.transport.close();
    await this.#process?.store.crash();
  }

  #makeDeps(): AgentDeps {
    const { timeline, ledger, disk, shape } = this;
    const people = this.#people;
    const process = (): ServerProcess | undefined => this.#process;
    const net = {
      clock: timeline.clock,
      random: this.#random.fork(2),
      ghosts: this.#ghosts,
      get process() {
        return process();
      },
    };
    return {
      timeline,
      clock: timeline.clock,
      net,
      ledger,
      people,
      weather: new WeatherMaker(shape.climate),
      hasFormats: shape.hasFormats,
      mayFailToOpen: shape.onLoad === 'misbehaves',
      isDamaged: (document) => disk.damaged.has(document),
      clockOf: (document, clientId) => disk.clockOf(document, clientId),
      honest: () => this.honest,
      renewed: (ticket) => this.#renewed(ticket),
      newClientId: () => this.#newId(),
      newDoc: (random) => {
        const doc = new Y.Doc({ gc: random.chance(0.8), guid: 'copy' });
        doc.clientID = this.#newId();
        ledger.firstIds.set(doc, doc.clientID);
        rootsOf(doc);
        return doc;
      },
      edit: (doc, random) => this.#edit(doc, random),
    };
  }

  /** Apart from each other: what is made up about one id may name the ids beside it. */
  #newId(): number {
    return (this.#lastId += 10);
  }

  #edit(doc: Y.Doc, random: SeededRandom): void {
    const { text, rich, list, map, xml } = rootsOf(doc);
    const roots = this.shape.hasFormats ? [rich, rich, rich, text] : [text, text, list, map, xml, rich];
    randomEdits(doc, roots, random, { formats: this.shape.hasFormats });
  }

  #start(): void {
    if (this.#process?.isThere === true) return;
    this.timeline.log('a server starts');
    const { timeline, disk, shape } = this;
    this.#process = new ServerProcess({
      timeline,
      disk,
      bounds: this.#bounds,
      mood: this.#mood,
      people: this.#people,
      random: this.#random.fork(1_000 + timeline.events.length),
      limits: shape.limits,
      gc: shape.gc,
      slowestMergeMs: shape.slowestMergeMs,
      hasLateWrites: shape.hasLateWrites,
      loaded: async (document, isNew) => this.#onLoad(document, isNew),
    });
    this.#processes.push(this.#process);
  }

  #populate(): void {
    const { shape, documents } = this;
    const random = this.#random.fork(3);
    const users = ['ann', 'bob', 'cy', 'dee'].slice(0, shape.hasBrowsers ? 2 : 4);
    // The pages of one browser are of one user: see P1.
    const browsers = new Map<string, Browser>();
    const browserOf = ({ sub }: Ticket, document: DocumentName): Browser => {
      const name = `${sub} ${document}`;
      const browser =
        browsers.get(name) ?? new Browser(this.timeline.clock, random.fork(100 + browsers.size));
      browsers.set(name, browser);
      return browser;
    };
    const rights = (access: Access): Map<DocumentName, Access> =>
      new Map(documents.map((name) => [name, access]));
    let count = 0;
    const of = (
      access: Access,
    ): { name: string; ticket: ReturnType<People['issue']>; isPresent: boolean; random: SeededRandom } => {
      const sub = random.pick(users);
      const name = `${sub}${++count}`;
      const lastsS = shape.hasExpiringTokens ? 2 + random.int(10) : undefined;
      const ticket = this.#people.issue(sub, rights(access), lastsS);
      return { name, ticket, isPresent: random.chance(0.7), random: random.fork(count) };
    };
    for (let i = 0; i < shape.stock + shape.readers; i++) {
      const access = i < shape.stock ? 'write' : 'read';
      const known = { ...of(access), document: random.pick(documents) };
      const browser = shape.hasBrowsers ? browserOf(known.ticket, known.document) : undefined;
      this.honest.push(new StockAgent(this.#deps, { ...known, browser }));
    }
    for (let i = 0; i < shape.native + shape.nativeOverHttp; i++) {
      const access = random.chance(0.8) ? 'write' : 'read';
      const some = random.shuffle(documents).slice(0, 1 + random.int(2));
      const isOverHttp = i >= shape.native;
      this.honest.push(new NativeAgent(this.#deps, { ...of(access), documents: some, isOverHttp }));
    }
    for (const { access, isOverHttp, vices } of shape.raw) {
      const name = `raw${++count}`;
      this.raw.push(new RawAgent(this.#deps, { name, sub: name, documents, access, isOverHttp, vices }));
    }
  }

  /** What befalls the server, its disk or somebody's token. */
  async #fate(random: SeededRandom): Promise<void> {
    const { shape } = this;
    const process = this.#process;
    if (process?.isThere !== true) return random.chance(0.7) ? this.#start() : undefined;
    if (process.store.hasFailed) return random.chance(0.5) ? this.#crash() : undefined;
    const fates: (() => Promise<void> | void)[] = [
      shape.hasCrashes && (() => this.#crash()),
      shape.hasLateWrites && process.store.isUncertain && (() => this.#crash()),
      shape.hasLateWrites && process.store.isUncertain && (() => this.#stop()),
      shape.hasRestarts && (() => this.#stop()),
      shape.hasCheckpoints && (() => this.checkpoint()),
      shape.hasDamage && (() => this.#damage(random)),
      shape.hasFatalErrors && (() => void (this.#mood.isFatal = true)),
      shape.hasLostAnswers && (() => void (this.#mood.lostAnswers = 1 + random.int(3))),
      shape.hasFailingLoads && (() => void (this.#mood.failingLoads = 1 + random.int(3))),
      shape.slowestDiskMs > 0 &&
        (() => void (this.#mood.slowestMs = random.pick([0, shape.slowestDiskMs, 2_000]))),
      (shape.hasExpiringTokens || shape.hasChangingRights) && (() => this.#renew(random)),
    ].filter((fate) => fate !== false);
    if (fates.length > 0) await random.pick(fates)();
  }

  async #crash(): Promise<void> {
    this.#mustStopBy = undefined;
    this.ledger.wasKilled = true;
    await this.#process?.crash();
  }

  #stop(): void {
    if (this.#process?.isUp !== true) return;
    this.#mustStopBy = this.timeline.clock.monotonic() + stopMs;
    void this.#process.stop();
  }

  #checkStop(): void {
    if (this.#mustStopBy === undefined) return;
    if (this.#process?.isThere !== true) this.#mustStopBy = undefined;
    else if (this.timeline.clock.monotonic() > this.#mustStopBy)
      this.timeline.violate('O3', `the server has not stopped within ${stopMs} ms`);
  }

  async #awaitStop(): Promise<void> {
    while (this.#mustStopBy !== undefined) {
      await this.timeline.pass(500);
      this.#checkStop();
    }
  }

  /** Never the first document, so that there is always one that must go on. */
  #damage(random: SeededRandom): void {
    const [, ...others] = this.documents;
    if (others.length === 0 || this.disk.damaged.size > 0) return;
    const document = random.pick(others);
    if (this.disk.lastOffset(document) === 0) return;
    this.timeline.log(`${document} is damaged`);
    this.disk.damaged.add(document);
  }

  #renew(random: SeededRandom): void {
    const agent = random.pick(this.honest);
    const lastsS = this.shape.hasExpiringTokens ? 2 + random.int(10) : undefined;
    const rights = new Map(agent.ticket.rights);
    if (this.shape.hasChangingRights && random.chance(0.5))
      rights.set(random.pick(this.documents), random.pick<Access>(['none', 'read', 'write']));
    agent.renew(this.#people.issue(agent.ticket.sub, rights, lastsS));
  }

  /** As good a token as the one that has expired. */
  #renewed({ sub, rights }: Ticket): Ticket {
    return this.#people.issue(sub, rights, this.shape.hasExpiringTokens && !this.#isCalm ? 10 : undefined);
  }

  #onLoad(document: DocumentName, isNew: boolean): Uint8Array | undefined {
    if (this.shape.onLoad === 'nothing' || !isNew) return undefined;
    const client = this.#newId();
    // A hook that goes wrong, and is mended after a while.
    const isFirst = !this.#loaded.has(document);
    this.#loaded.add(document);
    this.timeline.log(`onLoad of ${document}`);
    if (this.shape.onLoad === 'seeds' || !isFirst) return hostile.embed(client);
    const fault = this.#random.fork(client).int(3);
    if (fault === 0) throw new HookError('the hook throws');
    return fault === 1 ? hostile.incomplete(client) : hostile.dangling(client);
  }
}
