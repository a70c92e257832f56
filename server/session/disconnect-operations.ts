// What clients have asked to be changed when their session ends. Kept in the store from the moment it is promised, so that it
// happens once, however the session ends: also when the server was killed first.
//
// That the session has ended is stored before anything is changed, and the bytes of a change before they are offered to the
// document. Whoever offers them again after a crash changes nothing twice, as the document has what it has taken. What fails
// for a reason that may pass is tried again.

import type { Clock, Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { Operation, OperationPath, OperationRequest } from '../../shared/operation.js';
import type { Access, Claims } from '../../shared/permission.js';
import { randomSecret } from '../../shared/random.js';
import type { OperationOrder } from '../room/operation-runner.js';
import { writeRefusal } from '../room/write-refusal.js';
import type { DocumentStore } from '../store/store.js';
import { dueTable, type DueEvent, type DueState } from './due-state.js';
import { decodeKept, encodeKept, sizeOf } from './kept-operations.js';
import { OperationBytes } from './operation-bytes.js';

/** Whatever makes changes in documents. */
export interface Operator {
  run(document: DocumentName, order: OperationOrder): Promise<void>;
  offer(document: DocumentName, update: Uint8Array, author: string | undefined): Promise<void>;
}

export interface DisconnectDeps {
  readonly store: Pick<DocumentStore, 'setState' | 'setStates' | 'listState'>;
  readonly operator: Operator;
  /** What the token allows. Rejects with SyncError where that is nothing, or the user or the device has been shut out. */
  readonly authorize: (asker: Asker, document: DocumentName) => Promise<Access>;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'maxOperationBytes' | 'maxOperationBytesPerUser'>;
  readonly logger: Logger;
}

/** Who asks for changes. */
export interface Asker {
  readonly claims: Claims;
  /** As of DeviceSigns. */
  readonly deviceId: string | undefined;
}

/** One client session, from its first operation to the last change after its end. Its client's next session is another one. */
interface Life {
  readonly id: string;
  readonly user: string | undefined;
  asker: Asker;
  readonly documents: Map<DocumentName, Entry>;
  bytes: number;
  /** Ends when what was begun for this session is done. Never rejects. */
  tail: Promise<void>;
  hasEnded: boolean;
}

interface Entry {
  readonly life: Life;
  readonly document: DocumentName;
  state: DueState;
  operations: readonly Operation[];
  bytes: number;
  update: Uint8Array | undefined;
  failures: number;
}

const prefix = 'on-disconnect/';
/** Documents that are worked on at once: a session may have asked for changes in hundreds. */
const mostAtOnce = 8;
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;
/** What rests on another change of the same moment finds it when that has been offered. After so many failures it is lost. */
const baselessAfter = 3;

export class DisconnectOperations {
  readonly #deps: DisconnectDeps;
  readonly #bytes: OperationBytes;
  /** Sessions that have not ended. */
  readonly #open = new Map<string, Life>();
  /** All of which something is kept. */
  readonly #lives = new Set<Life>();
  /** What is to be worked on, in order. */
  readonly #due: Entry[] = [];
  readonly #retries = new Set<Timer>();
  #working = 0;
  #isClosed = false;

  constructor(deps: DisconnectDeps) {
    this.#deps = deps;
    this.#bytes = new OperationBytes(deps.limits);
  }

  /** Reads what earlier runs of the server have promised. Returns the sessions whose clients may still come back. */
  async load(): Promise<string[]> {
    const lives = new Map<string, Life>();
    try {
      for await (const [key, bytes] of this.#deps.store.listState(prefix)) this.#loadOne(lives, key, bytes);
    } catch (cause) {
      this.#deps.logger.error({ err: cause }, 'some of what was to change when sessions end cannot be read');
    }
    for (const life of lives.values()) {
      this.#lives.add(life);
      const key = sessionOf(life.id);
      // Of two with one name, one has ended without a word in the store.
      if (!life.hasEnded && !this.#open.has(key)) this.#open.set(key, life);
      else this.#endSoon(life);
    }
    return [...this.#open.keys()];
  }

  /**
   * Adds what is to change in a document when the session ends, or takes some of it back. Resolves when that is stored. Rejects
   * with SyncError RATE_LIMITED above the limits, and when the session has ended meanwhile.
   */
  add(key: string, asker: Asker, document: DocumentName, request: OperationRequest): Promise<void> {
    const life = this.#open.get(key) ?? newLife(`${key}.${randomSecret()}`, asker);
    this.#open.set(key, life);
    this.#lives.add(life);
    return this.#inTurn(life, async () => {
      if (life.hasEnded) throw new SyncError('CALL_FAILED', 'the session has ended');
      const before = life.documents.get(document);
      const operations = withRequest(before?.operations ?? [], request);
      if (operations.length > 0) return this.#keep(life, document, operations);
      if (before !== undefined) await this.#remove(before);
    });
  }

  /** The session goes on with another token. */
  renewed(key: string, asker: Asker): void {
    const life = this.#open.get(key);
    if (life === undefined) return;
    // What is stored from here on, and what is changed, is by these.
    life.asker = asker;
    this.#inTurn(life, async () => {
      if (!life.hasEnded) await this.#store(life);
    }).catch((err: unknown) => this.#deps.logger.error({ err }, 'the rights of a session were not stored'));
  }

  /** Nobody can come back to the session: its operations are made. */
  ended(key: string): void {
    const life = this.#open.get(key);
    if (life === undefined) return;
    this.#open.delete(key);
    if (life.documents.size === 0) this.#lives.delete(life);
    this.#endSoon(life);
  }

  /** The document was deleted: nothing is to be changed in it. Resolves when that is stored. */
  async forget(document: DocumentName): Promise<void> {
    const forgetting = [...this.#lives].map((life) =>
      this.#inTurn(life, async () => {
        const entry = life.documents.get(document);
        if (entry === undefined) return;
        if (entry.state === 'kept') await this.#remove(entry);
        else happen(entry, 'refused');
      }),
    );
    await Promise.all(forgetting);
  }

  /** Nothing more is begun: the next run of the server goes on with it. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#retries) timer.cancel();
  }

  #loadOne(lives: Map<string, Life>, key: string, bytes: Uint8Array): void {
    const [id, document] = partsOf(key);
    const kept = decodeKept(bytes);
    if (kept === undefined)
      return this.#deps.logger.error({ document }, 'what was to change when a session ends cannot be read');
    const life = lives.get(id) ?? newLife(id, kept);
    lives.set(id, life);
    life.hasEnded ||= kept.hasEnded;
    const { operations, update } = kept;
    const state = update === undefined ? (kept.hasEnded ? 'due' : 'kept') : 'computed';
    const size = sizeOf(operations);
    life.documents.set(document, { life, document, state, operations, bytes: size, update, failures: 0 });
    this.#bytes.count(life, size);
  }

  async #keep(life: Life, document: DocumentName, operations: readonly Operation[]): Promise<void> {
    const before = life.documents.get(document);
    const size = sizeOf(operations);
    const more = size - (before?.bytes ?? 0);
    this.#bytes.take(life, more);
    const entry: Entry = {
      life,
      document,
      state: 'kept',
      operations,
      bytes: size,
      update: undefined,
      failures: 0,
    };
    try {
      await this.#deps.store.setState(keyOf(entry), encode(entry));
    } catch (error) {
      this.#bytes.count(life, -more);
      throw error;
    }
    life.documents.set(document, entry);
  }

  /** Until it is stored that the session has ended, nothing is changed. */
  #endSoon(life: Life, failures = 0): void {
    this.#inTurn(life, () => this.#end(life)).catch((err: unknown) => {
      if (failures === 0) this.#deps.logger.error({ err }, 'the end of a session was not stored');
      this.#later(failures + 1, () => this.#endSoon(life, failures + 1));
    });
  }

  /** After a time that grows with the failures, unless the server goes. */
  #later(failures: number, run: () => void): void {
    if (this.#isClosed) return;
    const waitMs = failures === 0 ? 0 : Math.min(maxRetryMs, firstRetryMs * 2 ** (failures - 1));
    const timer = this.#deps.clock.after(waitMs, () => {
      this.#retries.delete(timer);
      run();
    });
    this.#retries.add(timer);
  }

  async #end(life: Life): Promise<void> {
    life.hasEnded = true;
    await this.#store(life);
    for (const entry of life.documents.values()) {
      happen(entry, 'ended');
      this.#due.push(entry);
    }
    this.#goOn();
  }

  #store(life: Life): Promise<void> {
    const entries = [...life.documents.values()];
    if (entries.length === 0) return Promise.resolve();
    return this.#deps.store.setStates(new Map(entries.map((entry) => [keyOf(entry), encode(entry)])));
  }

  #goOn(): void {
    while (this.#working < mostAtOnce && !this.#isClosed) {
      const entry = this.#due.shift();
      if (entry === undefined) return;
      this.#working++;
      void this.#work(entry).finally(() => {
        this.#working--;
        this.#goOn();
      });
    }
  }

  /** Goes on with an entry to its end, or to a failure that may pass. Never rejects. */
  async #work(entry: Entry): Promise<void> {
    try {
      if (entry.state !== 'over') await this.#make(entry);
      if (entry.state === 'over') await this.#remove(entry);
    } catch (error) {
      this.#failed(entry, toSyncError(error));
    }
  }

  async #make(entry: Entry): Promise<void> {
    const { operator } = this.#deps;
    const { document, operations, life } = entry;
    const author = life.user;
    await this.#checkMayWrite(entry);
    if (entry.update !== undefined) await operator.offer(document, entry.update, author);
    else {
      const computed = async (update: Uint8Array): Promise<void> => {
        entry.update = update;
        await this.#deps.store.setState(keyOf(entry), encode(entry));
        happen(entry, 'computed');
        // A3: to compute it takes a while.
        await this.#checkMayWrite(entry);
      };
      await operator.run(document, { operations, author, computed });
    }
    happen(entry, 'made');
  }

  async #checkMayWrite({ life, document }: Entry): Promise<void> {
    const access = await this.#deps.authorize(life.asker, document);
    if (access !== 'write') throw writeRefusal(access);
  }

  #failed(entry: Entry, error: SyncError): void {
    const { logger } = this.#deps;
    const { document, life } = entry;
    const isFinal = error.retry !== 'backoff' && entry.state !== 'over';
    const fields = { document, sub: life.user, code: error.code, err: error.cause ?? error.message };
    if (isFinal) {
      logger.warn(fields, 'what was to change when a session ended was not changed');
      happen(entry, 'refused');
    } else if (++entry.failures === 1) logger.info(fields, 'what is to change as a session has ended waits');
    if (error.code === 'UPDATE_INCOMPLETE' && entry.failures >= baselessAfter && happen(entry, 'baseless'))
      entry.update = undefined;
    this.#later(isFinal ? 0 : entry.failures, () => {
      this.#due.push(entry);
      this.#goOn();
    });
  }

  async #remove(entry: Entry): Promise<void> {
    await this.#deps.store.setState(keyOf(entry), undefined);
    happen(entry, 'removed');
    const { life, document } = entry;
    life.documents.delete(document);
    if (life.hasEnded && life.documents.size === 0) this.#lives.delete(life);
    this.#bytes.count(life, -entry.bytes);
  }

  #inTurn(life: Life, work: () => Promise<void>): Promise<void> {
    const done = life.tail.then(work);
    life.tail = done.catch(() => {}); // told to whoever asked for it
    return done;
  }
}

/** Returns false where that changes nothing. */
function happen(entry: Entry, event: DueEvent): boolean {
  const next = dueTable[entry.state][event];
  if (next === undefined) return false;
  entry.state = next;
  return true;
}

function newLife(id: string, { claims, deviceId }: Asker): Life {
  return {
    id,
    user: claims.sub,
    asker: { claims, deviceId },
    documents: new Map(),
    bytes: 0,
    tail: Promise.resolve(),
    hasEnded: false,
  };
}

function encode({ life, operations, update }: Entry): Uint8Array {
  return encodeKept({ ...life.asker, operations, hasEnded: life.hasEnded, update });
}

/** The operations with this one: the one before at the same path goes, and with a `cancel` all below it. */
function withRequest(operations: readonly Operation[], request: OperationRequest): Operation[] {
  if (request.do === 'cancel') return operations.filter(({ path }) => !isWithin(path, request.path));
  const others = operations.filter((one) => one.do !== request.do || !isSame(one.path, request.path));
  return [...others, request];
}

function isWithin(path: OperationPath, outer: OperationPath): boolean {
  return path.length >= outer.length && outer.every((part, at) => part === path[at]);
}

function isSame(one: OperationPath, other: OperationPath): boolean {
  return one.length === other.length && isWithin(one, other);
}

function keyOf({ life, document }: Entry): string {
  return `${prefix}${life.id}/${document}`;
}

function partsOf(key: string): [id: string, document: DocumentName] {
  const slash = key.indexOf('/', prefix.length);
  return [key.slice(prefix.length, slash), key.slice(slash + 1) as DocumentName];
}

function sessionOf(id: string): string {
  return id.slice(0, id.indexOf('.'));
}
