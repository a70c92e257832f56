// Requests of a client that need an answer, and are none of the protocol's own: the application answers them. Owns which
// calls of one connection are under way.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';
import type { Access, Claims } from '../../shared/permission.js';
import { Answers, type AnswersHost } from './answers.js';
import { callerOf, type CallGate } from './call-gate.js';

export interface Call {
  readonly method: string;
  readonly body: Uint8Array;
  /** The document that the call is about, which the client has open; undefined where it is about none. */
  readonly document: string | undefined;
  /** The client's right for that document; 'none' where it is about none. */
  readonly access: Access;
  readonly claims: Claims;
  readonly connectionId: string;
  /** Aborts when nobody waits for the answer any more: the connection has ended, or the time is over. */
  readonly signal: AbortSignal;
}

/** Answers a call. A SyncError is told to the client as it is; of anything else it is told that the call failed. */
export type CallHook = (call: Call) => Promise<Uint8Array | undefined>;

/** The connection that the calls are made on. */
export interface CallsHost extends AnswersHost {
  readonly deps: {
    readonly call: CallHook | undefined;
    readonly callGate: CallGate;
    readonly clock: Clock;
    readonly limits: Limits;
    readonly logger: Logger;
  };
  readonly connectionId: string;
  readonly socket: { readonly remoteAddress: string };
  readonly rights: { readonly claims: Claims | undefined };
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

export class Calls {
  readonly #host: CallsHost;
  readonly #answers: Answers;
  /** One for each hook that is not done. */
  readonly #running = new Set<AbortController>();

  constructor(host: CallsHost) {
    this.#host = host;
    this.#answers = new Answers(host);
  }

  /** Other messages do not wait for the answer. */
  take(message: CallMessage, document: CalledDocument | undefined): void {
    const fields = { method: message.method.slice(0, maxMethodLength) };
    const asked = { id: message.id, what: 'call', document: document?.name, fields } as const;
    void this.#answers.give(asked, () => this.#call(message, document));
  }

  /** The connection has ended: nothing is told any more, and the hooks are told so. */
  close(): void {
    this.#answers.close();
    for (const controller of this.#running) controller.abort(new Error('the connection has ended'));
  }

  /** Rejects with SyncError when the call is not taken, or not answered in time. The body is copied before this returns. */
  async #call(message: CallMessage, document: CalledDocument | undefined): Promise<Uint8Array | undefined> {
    const { deps, rights, connectionId, socket } = this.#host;
    const { method, body } = message;
    const { claims } = rights;
    if (method.length > maxMethodLength)
      throw new SyncError('CALL_UNKNOWN', `a method has at most ${maxMethodLength} characters`);
    if (deps.call === undefined || claims === undefined)
      throw new SyncError('CALL_UNKNOWN', 'this server answers no calls');
    if (message.document !== 0 && document === undefined)
      throw new SyncError('CALL_FAILED', 'the document is not open on this connection');
    if (this.#running.size >= maxUnderWay) throw new SyncError('RATE_LIMITED', 'too many calls at once');
    const leave = deps.callGate.enter(callerOf(claims.sub, socket.remoteAddress), body.length);
    const controller = new AbortController();
    const { signal } = controller;
    const access = document?.right.access ?? 'none';
    const call = {
      method,
      body: body.slice(),
      document: document?.name,
      access,
      claims,
      connectionId,
      signal,
    };
    return this.#run(deps.call(call).finally(leave), controller, method);
  }

  /** What the hook answers, or why nobody waits for it any more. */
  async #run(
    hook: Promise<Uint8Array | undefined>,
    controller: AbortController,
    method: string,
  ): Promise<Uint8Array | undefined> {
    const { clock, limits, logger } = this.#host.deps;
    const { signal } = controller;
    this.#running.add(controller);
    const timer = clock.after(limits.maxCallMs, () => {
      logger.warn({ hook: 'onCall', method }, 'a call was not answered in time');
      controller.abort(new SyncError('CALL_TIMED_OUT', `there was no answer within ${limits.maxCallMs} ms`));
    });
    const done = hook.finally(() => this.#running.delete(controller));
    try {
      return await Promise.race([done, aborted(signal)]);
    } finally {
      timer.cancel();
    }
  }
}

/** Rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
