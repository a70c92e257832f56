// A browser with its tabs, each with everything that keeps a document: connection, offline copy, channel to the other
// tabs. A tab can be killed at any moment: whatever it has of the browser ends at once.

import 'fake-indexeddb/auto';
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { Connection } from '../../client/connection/connection.js';
import type { ClientSocket, OpenSocket, SocketEvents } from '../../client/connection/socket.js';
import { OfflineCopy } from '../../client/offline/offline-copy.js';
import type { Locks } from '../../client/platform/locks.js';
import { KeptDocument } from '../../client/provider/kept-document.js';
import { hasUnsynced } from '../../client/provider/unsynced.js';
import { FakeBrowser, type FakeTab } from '../support/browser-platform.js';
import { wideClientId } from '../support/client-ids.js';
import { Network } from '../support/client-sockets.js';
import type { Clock } from '../../shared/clock.js';
import type { FakeClock } from '../support/fake-clock.js';
import { MemoryLocks } from '../support/memory-locks.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { thinLine } from '../support/thin-line.js';
import { applicationFault, contentOf, makeEdit, type Edit } from './device-edits.js';
import { documentName, type MortalServer } from './mortal-server.js';

/** Who is logged in, and whether the document is kept on the device for them; under which name. */
export interface User {
  readonly token: string;
  readonly copyName: string | undefined;
}

export class Device {
  readonly name: string;
  readonly clock: FakeClock;
  readonly server: MortalServer;
  readonly random: SeededRandom;
  readonly browser: FakeBrowser;
  readonly locks = new MemoryLocks();
  readonly factory = new IDBFactory();
  readonly network: Network;
  /** Opens a socket of its network, on a thin line for some devices. */
  readonly openSocket: OpenSocket;
  /** Its databases take long to open. */
  isSlow = false;
  /** Decides which edits have something in them that no server takes. */
  readonly #flaws: SeededRandom;
  readonly #hasFlaws: boolean;
  #networkState: 'up' | 'down' | 'silent' = 'up';
  /** Those that are open. */
  tabs: Tab[] = [];
  /** Those that store what they have and are gone then. */
  closing: Tab[] = [];
  /** What some tab said was saved: of its own edits, and of what it had heard. */
  readonly saved = new Set<Edit>();
  readonly heard = new Set<Edit>();

  /** How often something was taken out of a document that no server takes. */
  rebased = 0;

  constructor(name: string, deps: { clock: FakeClock; server: MortalServer; random: SeededRandom }) {
    const { clock, server, random } = deps;
    this.name = name;
    this.clock = clock;
    this.server = server;
    this.random = random;
    this.#flaws = random.fork(1);
    this.#hasFlaws = this.#flaws.chance(0.3);
    this.browser = new FakeBrowser({ clock, pick: (count) => random.int(count) });
    this.network = new Network(() => server.process.transport);
    const { openSocket } = this.network;
    const isThin = random.chance(0.3);
    this.openSocket = isThin
      ? thinLine(openSocket, { clock, bytesPerMs: 4, isBufferSeen: random.chance(0.5) })
      : openSocket;
  }

  /** Whether the next edit is flawed. */
  nextIsFlawed(): boolean {
    return this.#hasFlaws && this.#flaws.chance(0.1);
  }

  get networkState(): 'up' | 'down' | 'silent' {
    return this.#networkState;
  }

  set networkState(state: 'up' | 'down' | 'silent') {
    // What was said meanwhile is lost: the sockets are of no use, and the server does not know.
    if (this.#networkState === 'silent' && state === 'up')
      for (const tab of [...this.tabs, ...this.closing]) tab.loseSockets();
    this.#networkState = state;
    this.network.state = state;
  }

  open(user: User): Tab {
    const tab = new Tab(this, user);
    this.tabs.push(tab);
    return tab;
  }

  async close(tab: Tab): Promise<void> {
    this.tabs = this.tabs.filter((other) => other !== tab);
    this.closing.push(tab);
    await tab.close();
    this.closing = this.closing.filter((other) => other !== tab);
  }

  kill(tab: Tab): void {
    this.tabs = this.tabs.filter((other) => other !== tab);
    this.closing = this.closing.filter((other) => other !== tab);
    tab.kill();
  }
}

interface Line {
  readonly events: SocketEvents;
  socket?: ClientSocket;
  /** Nothing passes any more. */
  isCut: boolean;
}

/** A request that is made later than any page waits for it. */
function slowly(open: () => IDBOpenDBRequest, clock: Clock): IDBOpenDBRequest {
  let request: IDBOpenDBRequest | undefined;
  const listeners: [string, (event: Event) => void][] = [];
  clock.after(slowOpenMs, () => {
    request = open();
    for (const [type, listener] of listeners) request.addEventListener(type, listener);
  });
  return {
    get result() {
      return request?.result;
    },
    get error() {
      return request?.error;
    },
    get transaction() {
      return request?.transaction;
    },
    addEventListener: (type: string, listener: (event: Event) => void) =>
      void listeners.push([type, listener]),
  } as unknown as IDBOpenDBRequest;
}

/** A database that takes so long is slower than the 5 s that a page gives it. */
const slowOpenMs = 6_000;
/** After so much silence the server ends a connection. */
const serverPatienceMs = 40_000;

let opened = 0;

/** A listener of an application that throws at one call of three. */
function throwsNowAndThen(): () => void {
  let calls = 0;
  return () => {
    if (++calls % 3 === 0) throw applicationFault;
  };
}

/** What a page has of one document, from when it opens it until it lets go of it. */
interface Mounted {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly copy: OfflineCopy | undefined;
  readonly kept: KeptDocument;
  /** Edits made here, in order. */
  readonly edits: Edit[];
  /** What had been said to be saved before it was opened. */
  readonly savedBefore: ReadonlySet<Edit>;
  /** Something of it was not taken: the number of edits that are not durable says less about which. */
  isRefused: boolean;
  /** Its copy has been read since this was asked last. */
  isLoaded: boolean;
}

export class Tab {
  readonly name: string;
  readonly user: User;
  /** Called when what it says of itself may have changed. */
  told: () => void = () => {};
  readonly #device: Device;
  readonly #platform: FakeTab;
  readonly #locks: Locks & { kill(): void };
  readonly #connection: Connection;
  #mounted: Mounted;
  readonly #databases: IDBDatabase[] = [];
  readonly #lines = new Set<Line>();
  /** Each tab is a page of its own; they are in one process here, and only by name can they be told apart. */
  readonly #suffix = `~${++opened}`;

  constructor(device: Device, user: User) {
    const { name } = device;
    this.#device = device;
    this.name = `${name}${this.#suffix}`;
    this.user = user;
    this.#platform = device.browser.open();
    this.#locks = device.locks.tab();
    const { clock } = this.#platform;
    this.#connection = new Connection({
      url: 'ws://server/',
      token: async () => user.token,
      device: name,
      agent: 'test/1',
      openSocket: this.#openSocket,
      clock,
      random: this.#fraction,
    });
    this.#mounted = this.#mount();
    this.#connection.connect();
  }

  get doc(): Y.Doc {
    return this.#mounted.doc;
  }

  get kept(): KeptDocument {
    return this.#mounted.kept;
  }

  get edits(): readonly Edit[] {
    return this.#mounted.edits;
  }

  get savedBefore(): ReadonlySet<Edit> {
    return this.#mounted.savedBefore;
  }

  get isAlive(): boolean {
    return this.#platform.isAlive;
  }

  /** Nothing runs in it for now. */
  get isFrozen(): boolean {
    return this.#platform.isFrozen;
  }

  set isFrozen(isFrozen: boolean) {
    this.#platform.isFrozen = isFrozen;
  }

  edit(): Edit {
    const edit = makeEdit(this.doc, this.#device.random, this.#device.nextIsFlawed());
    this.#mounted.edits.push(edit);
    return edit;
  }

  /** Lets go of the document and opens it anew at once, as a view does that is shown again. */
  mountAnew(): void {
    this.kept.destroy();
    this.#mounted.awareness.destroy();
    this.#mounted = this.#mount();
  }

  /** The browser closes its databases, as it does when its database server is restarted. */
  loseDatabases(): void {
    for (const database of this.#databases.splice(0)) forceCloseDatabase(database as never);
  }

  /** Whether its copy has been read since this was asked last. */
  takeLoaded(): boolean {
    const { isLoaded } = this.#mounted;
    this.#mounted.isLoaded = false;
    return isLoaded;
  }

  /** Edits made here that are durable by what it says. */
  get durable(): readonly Edit[] {
    const mounted = this.#mounted;
    const { unsynced } = mounted.kept;
    if (mounted.isRefused) {
      if (unsynced > 0) return [];
      mounted.isRefused = false;
    }
    return mounted.edits.slice(0, Math.max(0, mounted.edits.length - unsynced));
  }

  get isSaved(): boolean {
    return this.kept.isSavedLocally;
  }

  /** It says that the server has all that it shows. */
  get isSynced(): boolean {
    const { kept } = this;
    return kept.phase === 'synced' && !hasUnsynced(kept) && !kept.isCopyUnread;
  }

  #rebase(): void {
    if (this.isAlive && this.kept.rebase() !== undefined) this.#device.rebased++;
  }

  /** Resolves when it is gone. */
  async close(): Promise<void> {
    this.kept.destroy();
    this.#connection.destroy();
    await this.#mounted.copy?.close();
    if (this.isAlive) this.kill();
  }

  /** The sockets end here, and nobody tells the server. */
  loseSockets(): void {
    const lines = [...this.#lines];
    this.#lines.clear();
    for (const line of lines) {
      line.isCut = true;
      this.#forget(line);
      line.events.closed(1006, '');
    }
  }

  /** It ends at once, wherever it is. */
  kill(): void {
    const { random } = this.#device;
    this.#platform.kill(() => random.chance(0.5));
    this.#locks.kill();
    for (const line of this.#lines) this.#hangUp(line);
    for (const database of this.#databases) {
      // A transaction under way is aborted, or comes to its end.
      if (random.chance(0.5)) forceCloseDatabase(database as never);
      else database.close();
    }
    this.#mounted.awareness.destroy();
  }

  readonly #fraction = (): number => this.#device.random.uint32() / 2 ** 32;

  #mount(): Mounted {
    const { user } = this;
    const { random, saved, heard } = this.#device;
    const doc = new Y.Doc();
    doc.clientID = wideClientId(random.uint32());
    const awareness = new Awareness(doc);
    // By the client id, so that seeds keep their worlds.
    const isFaulty = doc.clientID % 5 === 0;
    const fault = throwsNowAndThen();
    if (isFaulty) {
      // Its types are there: taking one for the first time is a change, and throws then.
      contentOf(doc);
      for (const event of ['beforeTransaction', 'afterTransaction', 'update'] as const) doc.on(event, fault);
      for (const event of ['change', 'update'] as const) awareness.on(event, fault);
      doc.getText('text').observe(fault);
    }
    const copy = this.#copyOf(doc);
    const kept = this.#keep(doc, awareness, copy);
    const mounted: Mounted = {
      doc,
      awareness,
      copy,
      kept,
      edits: [],
      savedBefore: new Set(user.copyName === 'doc' ? [...saved, ...heard] : []),
      isRefused: false,
      isLoaded: false,
    };
    kept.on('refused', ({ code }) => {
      mounted.isRefused = true;
      // Later, as somebody would who has read the reason.
      if (code === 'UPDATE_INVALID') this.#platform.clock.after(200, () => this.#rebase());
    });
    if (isFaulty) for (const event of ['phase', 'changed', 'unsynced'] as const) kept.on(event, fault);
    for (const event of ['changed', 'unsynced'] as const) kept.on(event, () => this.told());
    kept.whenLoaded.then(
      () => {
        mounted.isLoaded = true;
      },
      () => {},
    );
    kept.open();
    return mounted;
  }

  #copyOf(doc: Y.Doc): OfflineCopy | undefined {
    const { copyName } = this.user;
    if (copyName === undefined) return undefined;
    return new OfflineCopy(`${copyName}${this.#suffix}`, {
      factory: this.#ownFactory(),
      clock: this.#platform.clock,
      random: this.#fraction,
      locks: this.#ownLocks(),
      encodeDocument: () => Y.encodeStateAsUpdate(doc),
    });
  }

  #keep(doc: Y.Doc, awareness: Awareness, copy: OfflineCopy | undefined): KeptDocument {
    return new KeptDocument({
      doc,
      awareness,
      name: documentName,
      connection: this.#connection,
      clock: this.#platform.clock,
      random: this.#fraction,
      copy,
      channelName: 'heddle:ws://server/:doc',
      tabPlatform: { BroadcastChannel: this.#platform.BroadcastChannel, locks: this.#ownLocks() },
    });
  }

  readonly #openSocket: OpenSocket = (url, events) => {
    const ifAlive = (run: () => void): void => {
      if (this.isAlive) run();
    };
    if (!this.isAlive || !this.#device.server.isUp) {
      queueMicrotask(() => ifAlive(() => events.closed(1006, '')));
      return { send() {}, bufferedBytes: 0, close() {} };
    }
    const line: Line = { events, isCut: false };
    const ifThere = (run: () => void): void =>
      this.#platform.run(() => {
        if (!line.isCut) run();
      });
    this.#lines.add(line);
    line.socket = this.#device.openSocket(url, {
      opened: () => ifThere(() => events.opened()),
      frame: (bytes) => ifThere(() => events.frame(bytes)),
      closed: (code, reason) => ifThere(() => events.closed(code, reason)),
    });
    return {
      send: (frame) => ifThere(() => line.socket?.send(frame)),
      get bufferedBytes() {
        return line.socket?.bufferedBytes ?? 0;
      },
      close: () => this.#hangUp(line),
    };
  };

  #hangUp(line: Line): void {
    this.#lines.delete(line);
    line.isCut = true;
    if (this.#device.networkState === 'silent') this.#forget(line);
    else line.socket?.close();
  }

  /** The server is not told that a socket has ended: it finds that nothing is said any more. */
  #forget({ socket }: Line): void {
    this.#device.clock.after(serverPatienceMs, () => socket?.close());
  }

  #ownFactory(): IDBFactory {
    const { factory } = this.#device;
    return {
      open: (name: string) => {
        const open = (): IDBOpenDBRequest => {
          const request = factory.open(this.#shared(name));
          request.addEventListener('success', () => {
            this.#databases.push(request.result);
            if (!this.isAlive) request.result.close();
          });
          return request;
        };
        if (!this.isAlive) throw new DOMException('the page is gone', 'InvalidStateError');
        return this.#device.isSlow ? slowly(open, this.#platform.clock) : open();
      },
    } as unknown as IDBFactory;
  }

  #ownLocks(): Locks {
    const locks = this.#locks;
    return {
      request: (name, options, run) => locks.request(this.#shared(name), options, run),
      held: () => locks.held(),
    };
  }

  /** What this name is called on the device. */
  #shared(name: string): string {
    return name.endsWith(this.#suffix) ? name.slice(0, -this.#suffix.length) : name;
  }
}
