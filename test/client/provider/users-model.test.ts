// Two users on one device, who come and go as it happens: pages with a shared or an own connection, slow tokens, lost
// networks, logins in place, copies. Whatever happens, nobody sees what another has not sent, the server gets each edit from
// who has made it, and what was said to be saved gets there. HEDDLE_SEED replays one run.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../../client/index.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

const users = ['ann', 'bob'] as const;
/** On one connection each can be open once. */
const documents = ['notes', 'plans', 'songs'] as const;
type User = (typeof users)[number];
type Store = NonNullable<Awaited<ReturnType<typeof serverForTest>>['store']>;

const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const runs = isReplay ? 1 : Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 20);
const steps = 30;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const other = (user: User): User => (user === 'ann' ? 'bob' : 'ann');

beforeEach(() => {
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

/** One document on the page, opened for somebody. */
class Page {
  user: User;
  /** Who has used this Y.Doc: what they have made may be in it. */
  readonly users: Set<User>;
  readonly provider: HeddleProvider;
  readonly made: string[] = [];
  /** `user` was named to the client: a lost network fails its token, and nobody logs in in place. */
  readonly isNamed: boolean;
  isOnline = true;
  wasBelieved = false;
  readonly #own: HeddleConnection | undefined;
  readonly #options: string;
  static #count = 0;
  readonly #number = ++Page.#count;

  get name(): string {
    const { state, wire } = this.provider.connection;
    const users = [...this.users].join('>');
    const { unsyncedChanges, phase, reason } = this.provider.status;
    return `${this.#number} ${this.provider.name} (${users}; ${this.#options}; ${state} as ${wire.welcome?.user}; ${phase} ${unsyncedChanges} ${reason?.kind})`;
  }

  constructor(url: string, user: User, random: SeededRandom) {
    this.user = user;
    this.users = new Set([user]);
    this.isNamed = random.chance(0.3);
    const delays = [0, 0, 3, 15];
    const options = {
      WebSocketPolyfill: WebSocket,
      ...(this.isNamed ? { user: `account of ${user}` } : {}),
      token: async () => {
        await pause(random.pick(delays));
        if (!this.isOnline) throw new TypeError('Failed to fetch');
        return tokenFor(this.user);
      },
    };
    this.#own = random.chance(0.3) ? new HeddleConnection(url, options) : undefined;
    const [offline, tabs] = [random.chance(0.7), random.chance(0.6)];
    this.#options = JSON.stringify({ offline, tabs, own: this.#own !== undefined, named: this.isNamed });
    this.provider = new HeddleProvider(url, random.pick(documents), new Y.Doc(), {
      ...options,
      connection: this.#own,
      offline,
      tabs,
    });
    this.provider.whenLoaded.catch(() => {}); // One that is gone before it is loaded.
  }

  /** The server has believed who is here. */
  get isBelieved(): boolean {
    const { connection, status } = this.provider;
    return (
      connection.connected &&
      connection.wire.welcome?.user === this.user &&
      status.reason?.kind !== 'other-user'
    );
  }

  /**
   * It is known whose an edit is: the server has believed who is here, or will believe whom the token names. What is made
   * while nobody is known, as after a logout, belongs to the first who is.
   */
  get isClear(): boolean {
    // It goes to whom the document is of.
    if (this.provider.status.reason?.kind === 'other-user') return false;
    const isNamedByToken = !this.isNamed && !this.provider.connection.isLoggedOut;
    return this.isBelieved || (this.users.size === 1 && (this.wasBelieved || isNamedByToken));
  }

  get shown(): string[] {
    return [...this.provider.doc.getMap('edits').keys()];
  }

  destroy(): void {
    this.provider.destroy();
    this.#own?.destroy();
  }
}

const ownerOf = (edit: string): string => edit.split(' ')[0]!;

class World {
  readonly #url: string;
  readonly #store: Store;
  readonly #random: SeededRandom;
  #pages: Page[] = [];
  #made = 0;
  /** Edits that were said to be saved when their page was closed. */
  readonly #saved = new Set<string>();
  readonly #trace: string[] = [];
  readonly counts = { edits: 0, logins: 0, blocked: 0, saved: 0, moved: 0 };

  constructor(url: string, store: Store, random: SeededRandom) {
    this.#url = url;
    this.#store = store;
    this.#random = random;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const action = random.int(100);
    for (const one of this.#pages) one.wasBelieved ||= one.isBelieved;
    const page = this.#pages.length === 0 ? undefined : random.pick(this.#pages);
    if (page === undefined || (action < 20 && this.#pages.length < 4)) this.#open();
    else if (action < 55) this.#edit(page);
    else if (action < 63) this.#close(page);
    else if (action < 75) this.#turnNetwork(page);
    else if (action < 88) await this.#logIn(page);
    await pause(random.pick([0, 0, 2, 10, 40]));
    await this.#judge();
  }

  /** Everything that was saved gets to the server, from who has made it. */
  async settle(): Promise<void> {
    const opened: string[] = [];
    for (const page of this.#pages) this.#close(page);
    await pause(30);
    for (const user of users) {
      const all = documents.map(
        (name) =>
          new HeddleProvider(this.#url, name, new Y.Doc(), {
            WebSocketPolyfill: WebSocket,
            token: () => tokenFor(user),
            tabs: false,
          }),
      );
      for (const one of all) {
        await one.whenSynced;
        await one.sync();
        const copy = await one.whenLoaded.then(() => 'loaded', String);
        opened.push(
          `${one.name} as ${user}: ${copy}, ${one.status.phase}, ${[...one.doc.getMap('edits').keys()].join()}`,
        );
      }
      for (const one of all) one.destroy();
      await pause(20);
    }
    const stored = await this.#stored();
    const lost = [...this.#saved].filter((edit) => !stored.has(edit));
    if (lost.length > 0)
      throw new Error(`said to be saved, and not on the server: ${lost.join(', ')}; ${opened.join('; ')}`);
    await this.#judge();
    this.counts.saved = this.#saved.size;
  }

  destroy(): void {
    for (const page of this.#pages) page.destroy();
  }

  #tell(page: Page, what: string): void {
    this.#trace.push(`${page.name} ${what}`);
  }

  get trace(): string {
    return this.#trace.join('\n');
  }

  #open(): void {
    const page = new Page(this.#url, this.#random.pick(users), this.#random);
    this.#tell(page, 'opened');
    page.provider.on('other-owner', () => void this.counts.blocked++);
    page.provider.on('connection', () => void this.counts.moved++);
    this.#pages.push(page);
  }

  #close(page: Page): void {
    this.#tell(page, page.provider.status.savedLocally ? 'closed, saved' : 'closed');
    this.#pages = this.#pages.filter((one) => one !== page);
    if (page.provider.status.savedLocally) for (const edit of page.made) this.#saved.add(edit);
    page.destroy();
  }

  #edit(page: Page): void {
    if (!page.isClear) return;
    const edit = `${page.user} ${++this.#made}`;
    page.made.push(edit);
    this.#tell(page, `makes ${edit}`);
    page.provider.doc.getMap('edits').set(edit, true);
    this.counts.edits++;
  }

  #turnNetwork(page: Page): void {
    const { connection } = page.provider;
    if (connection.isLoggedOut) return;
    const wasConnected = connection.connected;
    this.#tell(page, wasConnected ? 'disconnected' : 'connected');
    if (wasConnected) connection.disconnect();
    else connection.connect();
    if (page.isNamed) page.isOnline = !page.isOnline;
  }

  /** Somebody else comes to the page, and everybody who uses its connection is asked. */
  async #logIn(page: Page): Promise<void> {
    if (page.isNamed || !page.isBelieved) return;
    // A logout gives up the tokens that are on their way.
    if (this.#pages.some(({ wasBelieved, made }) => !wasBelieved && made.length > 0)) return;
    page.user = other(page.user);
    page.users.add(page.user);
    this.counts.logins++;
    const { connection } = page.provider;
    const isRenewed = this.#random.chance(0.5);
    this.#tell(page, isRenewed ? 'has a new token' : 'logged out and in');
    if (isRenewed) return connection.renewToken().catch(() => {});
    // Of all tabs and all connections to the server.
    await connection.logout();
    await pause(2);
    for (const { provider } of this.#pages) provider.connect();
  }

  /** Edits on the server. Throws where one has come from somebody else than who made it. */
  async #stored(): Promise<Set<string>> {
    const known = new Set<string>();
    for (const name of documents) {
      const stored = await this.#store.load(parseDocumentName(name));
      if (stored?.checkpoint !== undefined) throw new Error('a checkpoint does not tell its authors');
      const doc = new Y.Doc();
      for (const { update, author } of stored?.records ?? []) {
        Y.applyUpdate(doc, update);
        for (const edit of doc.getMap('edits').keys()) {
          if (!known.has(edit) && ownerOf(edit) !== author) throw new Error(`${edit} came from ${author}`);
          known.add(edit);
        }
      }
    }
    return known;
  }

  async #judge(): Promise<void> {
    // What others have sent is shown before it is durable.
    const foreign = this.#pages.flatMap(({ shown, users }) =>
      shown.filter((edit) => !users.has(ownerOf(edit) as User)),
    );
    let stored = await this.#stored();
    for (let left = 50; left > 0 && foreign.some((edit) => !stored.has(edit)); left--) {
      await pause(5);
      stored = await this.#stored();
    }
    const seen = foreign.filter((edit) => !stored.has(edit));
    if (seen.length > 0) throw new Error(`seen by somebody else, and never sent: ${seen.join(', ')}`);
  }
}

const seed = chooseSeed();

it(
  `K47, K48, K49, I25: nobody sees or sends what is another's, from seed ${seed} on`,
  { timeout: 60_000 + runs * 4_000 },
  async () => {
    const sum: Record<string, number> = {};
    for (let run = 0; run < runs; run++)
      await withSeed(seed + run, async (random) => {
        vi.stubGlobal('indexedDB', new IDBFactory());
        const { url, store, server } = await serverForTest({ auth: { secret: testSecret } });
        const world = new World(url, store!, random);
        try {
          for (let step = 0; step < steps; step++) await world.step();
          await world.settle();
        } catch (error) {
          throw new Error(`${String(error)}\n${world.trace}`, { cause: error });
        } finally {
          world.destroy();
          await server.close();
        }
        for (const [what, count] of Object.entries(world.counts)) sum[what] = (sum[what] ?? 0) + count;
      });
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (!isReplay) for (const [what, count] of Object.entries(sum)) expect(count, what).toBeGreaterThan(0);
  },
);
