// What clients have asked to be changed when their session ends. Kept in the store from the moment it is promised, so that it
// happens once, however the session ends: also when the server was killed first.
//
// The change is computed when the session has ended, and its bytes are stored before they are offered to the document. Whoever
// offers them again after a crash changes nothing twice, as the document has what it has taken.

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { Operation, OperationPath, OperationRequest } from '../../shared/operation.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { OperationOrder } from '../room/operation-runner.js';
import type { DocumentStore } from '../store/store.js';
import { decodeKept, encodeKept, type KeptOperations } from './kept-operations.js';

/** Whatever makes changes in documents. */
export interface Operator {
  run(document: DocumentName, order: OperationOrder): Promise<void>;
  offer(document: DocumentName, update: Uint8Array, author: string | undefined): Promise<void>;
}

export interface DisconnectDeps {
  readonly store: Pick<DocumentStore, 'setState' | 'listState'>;
  readonly operator: Operator;
  /** What the claims allow. Rejects with SyncError where that is nothing, or the user has been shut out. */
  readonly authorize: (claims: Claims, document: DocumentName) => Promise<Access>;
  readonly limits: Pick<Limits, 'maxOperationBytes' | 'maxOperationBytesPerUser'>;
  readonly logger: Logger;
}

interface Session {
  readonly documents: Map<DocumentName, KeptOperations>;
  /** Ends when what was begun for this session is done. Never rejects. */
  tail: Promise<void>;
  hasEnded: boolean;
}

const prefix = 'on-disconnect/';

/** The server goes, and what was not done will be done by the next one. */
const isLeftToNext = ({ code }: SyncError): boolean => code === 'DRAINING' || code === 'STORE_UNAVAILABLE';

export class DisconnectOperations {
  readonly #deps: DisconnectDeps;
  readonly #sessions = new Map<string, Session>();
  readonly #bytesOfUser = new Map<string, number>();

  constructor(deps: DisconnectDeps) {
    this.#deps = deps;
  }

  /** Reads what earlier runs of the server have promised. Returns the sessions whose clients may still come back. */
  async load(): Promise<string[]> {
    const { store, logger } = this.#deps;
    try {
      for await (const [key, bytes] of store.listState(prefix)) {
        const [session, document] = partsOf(key);
        const kept = decodeKept(bytes);
        if (kept === undefined) {
          logger.error(
            { document },
            'what was to change when a session ends cannot be read, and is left out',
          );
          continue;
        }
        this.#sessionOf(session).documents.set(document, kept);
        this.#count(kept.claims.sub, bytes.length);
      }
    } catch (cause) {
      logger.error(
        { err: cause },
        'some of what was to change when sessions end cannot be read, and is left out',
      );
    }
    const all = [...this.#sessions];
    const begun = ({ documents }: Session): boolean =>
      [...documents.values()].some(({ update }) => update !== undefined);
    for (const [key, session] of all) if (begun(session)) this.ended(key);
    return all.filter(([, session]) => !begun(session)).map(([key]) => key);
  }

  /**
   * Adds what is to change in a document when the session ends, or takes some of it back. Resolves when that is stored. Rejects
   * with SyncError RATE_LIMITED above the limits, and when the session has ended meanwhile.
   */
  add(key: string, claims: Claims, document: DocumentName, request: OperationRequest): Promise<void> {
    const session = this.#sessionOf(key);
    return this.#inTurn(session, async () => {
      if (session.hasEnded) throw new SyncError('CALL_FAILED', 'the session has ended');
      const before = session.documents.get(document);
      const operations = withRequest(before?.operations ?? [], request);
      if (operations.length === 0) return this.#remove(key, session, document);
      await this.#keep(key, session, document, { claims, operations });
    });
  }

  /** The session goes on with another token. */
  renewed(key: string, claims: Claims): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    for (const [document, { operations }] of session.documents)
      void this.#inTurn(session, () => this.#keep(key, session, document, { claims, operations })).catch(
        (err: unknown) =>
          this.#deps.logger.error({ document, err }, 'the rights of a session were not stored'),
      );
  }

  /** Nobody can come back to the session: its operations are made. */
  ended(key: string): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    void this.#inTurn(session, async () => {
      session.hasEnded = true;
      await Promise.all(
        [...session.documents].map(([document, kept]) => this.#make(key, session, document, kept)),
      );
      this.#sessions.delete(key);
    });
  }

  /** Never rejects. */
  async #make(key: string, session: Session, document: DocumentName, kept: KeptOperations): Promise<void> {
    const { operator, authorize, logger } = this.#deps;
    const { claims, operations } = kept;
    const author = claims.sub;
    try {
      const access = await authorize(claims, document);
      if (access !== 'write') throw new SyncError('READ_ONLY');
      if (kept.update !== undefined) await operator.offer(document, kept.update, author);
      else {
        const computed = async (update: Uint8Array): Promise<void> => {
          kept.update = update;
          await this.#store(key, document, kept);
        };
        await operator.run(document, { operations, author, computed });
      }
    } catch (error) {
      const failure = toSyncError(error);
      if (isLeftToNext(failure)) return;
      const { code, message } = failure;
      logger.warn(
        { document, sub: author, code, err: failure.cause ?? message },
        'what was to change when a session ended was not changed',
      );
    }
    await this.#remove(key, session, document).catch((err: unknown) => {
      logger.error({ document, err }, 'what was changed when a session ended is still stored');
    });
  }

  async #keep(key: string, session: Session, document: DocumentName, kept: KeptOperations): Promise<void> {
    const { maxOperationBytes, maxOperationBytesPerUser } = this.#deps.limits;
    const before = session.documents.get(document);
    const [bytesBefore, bytes] = [before === undefined ? 0 : sizeOf(before), sizeOf(kept)];
    const user = kept.claims.sub;
    const others = [...session.documents].reduce(
      (sum, [name, one]) => (name === document ? sum : sum + sizeOf(one)),
      0,
    );
    const ofUser = (this.#bytesOfUser.get(user ?? '') ?? 0) - bytesBefore;
    if (bytes > bytesBefore && others + bytes > maxOperationBytes)
      throw new SyncError('RATE_LIMITED', `a session has at most ${maxOperationBytes} bytes of operations`);
    if (bytes > bytesBefore && user !== undefined && ofUser + bytes > maxOperationBytesPerUser)
      throw new SyncError(
        'RATE_LIMITED',
        `a user has at most ${maxOperationBytesPerUser} bytes of operations`,
      );
    await this.#store(key, document, kept);
    session.documents.set(document, kept);
    this.#count(user, bytes - bytesBefore);
  }

  async #remove(key: string, session: Session, document: DocumentName): Promise<void> {
    const kept = session.documents.get(document);
    if (kept === undefined) return;
    await this.#deps.store.setState(stateKey(key, document), undefined);
    session.documents.delete(document);
    this.#count(kept.claims.sub, -sizeOf(kept));
  }

  #store(key: string, document: DocumentName, kept: KeptOperations): Promise<void> {
    return this.#deps.store.setState(stateKey(key, document), encodeKept(kept));
  }

  #count(user: string | undefined, bytes: number): void {
    const sum = (this.#bytesOfUser.get(user ?? '') ?? 0) + bytes;
    if (sum <= 0) this.#bytesOfUser.delete(user ?? '');
    else this.#bytesOfUser.set(user ?? '', sum);
  }

  #sessionOf(key: string): Session {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session: Session = { documents: new Map(), tail: Promise.resolve(), hasEnded: false };
    this.#sessions.set(key, session);
    return session;
  }

  #inTurn(session: Session, work: () => Promise<void>): Promise<void> {
    const done = session.tail.then(work);
    session.tail = done.catch(() => {}); // told to whoever asked for it
    return done;
  }
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

/** Without the change, which comes when the session has ended. */
function sizeOf({ claims, operations }: KeptOperations): number {
  return encodeKept({ claims, operations }).length;
}

function stateKey(session: string, document: DocumentName): string {
  return `${prefix}${session}/${document}`;
}

function partsOf(key: string): [session: string, document: DocumentName] {
  const slash = key.indexOf('/', prefix.length);
  return [key.slice(prefix.length, slash), key.slice(slash + 1) as DocumentName];
}
