// Requests of a client that need an answer, and are none of the protocol's own: the application answers them. Owns how many
// are under way on one connection.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { NativeClientMessage, NativeServerMessage } from '../../shared/native/messages.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { ByteBudget } from './byte-budget.js';

export interface Call {
  readonly method: string;
  readonly body: Uint8Array;
  /** The document that the call is about, which the client has open; undefined where it is about none. */
  readonly document: string | undefined;
  /** The client's right for that document; 'none' where it is about none. */
  readonly access: Access;
  readonly claims: Claims;
  readonly connectionId: string;
}

/** Answers a call. A SyncError is told to the client as it is; of anything else it is told that the call failed. */
export type CallHook = (call: Call) => Promise<Uint8Array | undefined>;

/** The connection that the calls are made on. */
export interface CallsHost {
  readonly deps: { readonly call: CallHook | undefined };
  readonly connectionId: string;
  readonly rights: { readonly claims: Claims | undefined };
  /** For the bodies of calls that are under way. */
  readonly waiting: ByteBudget;
  say(message: NativeServerMessage): void;
}

/** An open document of the connection. */
interface CalledDocument {
  readonly name: string;
  readonly right: { readonly access: Access };
}

type CallMessage = Extract<NativeClientMessage, { type: 'call' }>;

const maxUnderWay = 100;
/** Characters. */
const maxMethodLength = 256;
const nothing = new Uint8Array(0);

export class Calls {
  readonly #host: CallsHost;
  #underWay = 0;
  #isClosed = false;

  constructor(host: CallsHost) {
    this.#host = host;
  }

  /** Other messages do not wait for the answer. */
  take(message: CallMessage, document: CalledDocument | undefined): void {
    void this.#answer({ ...message, body: message.body.slice() }, document);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Never rejects. */
  async #answer(message: CallMessage, document: CalledDocument | undefined): Promise<void> {
    const { id, body } = message;
    const { waiting } = this.#host;
    const isNamed = message.method.length <= maxMethodLength;
    const isCounted = isNamed && this.#underWay < maxUnderWay && waiting.take(body.length);
    if (isCounted) this.#underWay++;
    try {
      if (!isNamed) throw new SyncError('CALL_UNKNOWN', `a method has at most ${maxMethodLength} characters`);
      if (!isCounted) throw new SyncError('RATE_LIMITED', 'too many calls at once');
      this.#tell({
        type: 'result',
        id,
        code: '',
        close: 0,
        reason: '',
        body: await this.#call(message, document),
      });
    } catch (error) {
      this.#tell({ type: 'result', id, ...toSyncError(error).fault, body: nothing });
    } finally {
      if (isCounted) {
        waiting.give(body.length);
        this.#underWay--;
      }
    }
  }

  async #call(message: CallMessage, document: CalledDocument | undefined): Promise<Uint8Array> {
    const { deps, rights, connectionId } = this.#host;
    const { method, body } = message;
    const { claims } = rights;
    if (deps.call === undefined || claims === undefined)
      throw new SyncError('CALL_UNKNOWN', 'this server answers no calls');
    if (message.document !== 0 && document === undefined)
      throw new SyncError('CALL_FAILED', 'the document is not open on this connection');
    const access = document?.right.access ?? 'none';
    return (
      (await deps.call({ method, body, document: document?.name, access, claims, connectionId })) ?? nothing
    );
  }

  #tell(message: NativeServerMessage): void {
    if (!this.#isClosed) this.#host.say(message);
  }
}
