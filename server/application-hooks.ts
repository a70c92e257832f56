// The application's hooks, as the rest of the server calls them: what a hook may refuse, and where what it throws goes.

import type { Clock } from '../shared/clock.js';
import type { DocumentName } from '../shared/document-name.js';
import { SyncError } from '../shared/errors.js';
import type { Logger } from '../shared/logger.js';
import { within } from '../shared/within.js';
import type { AuthorizeHook } from './auth/authenticator.js';
import type { ConnectionInfo, Hooks } from './options.js';
import type { Call } from './session/calls.js';
import type { Visitor } from './session/visitor.js';

/** Makes a copy of a document for the hook that asks. */
type ReadDocument = Parameters<NonNullable<Hooks['onChange']>>[0]['document'];

/** Somebody waits for such a hook, and does not wait longer, ms. */
const maxAnswerMs = 30_000;

export class ApplicationHooks {
  readonly #hooks: Hooks;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** Rejects with what the hook throws, and with SyncError INTERNAL when it does not answer. Undefined where there is no hook. */
  readonly authorize: AuthorizeHook | undefined;

  constructor(hooks: Hooks, { logger, clock }: { logger: Logger; clock: Clock }) {
    this.#hooks = hooks;
    this.#logger = logger;
    this.#clock = clock;
    const { authorize } = hooks;
    if (authorize !== undefined)
      this.authorize = (claims, document) => this.#inTime('authorize', authorize(claims, document));
  }

  /** Whether the application wants to hear of changes. */
  get wantsChanges(): boolean {
    return this.#hooks.onChange !== undefined;
  }

  /** Whether the application answers calls of clients. */
  get answersCalls(): boolean {
    return this.#hooks.onCall !== undefined;
  }

  /** Rejects with a SyncError when `onCall` throws: with its own, or CALL_FAILED. */
  async call({
    method,
    body,
    document,
    access,
    claims,
    connectionId,
    signal,
  }: Call): Promise<Uint8Array | undefined> {
    try {
      const info = { method, body, documentName: document, access, claims, connectionId, signal };
      return (await this.#hooks.onCall?.(info)) ?? undefined;
    } catch (cause) {
      if (cause instanceof SyncError) throw cause;
      if (signal.aborted) this.#logger.debug({ hook: 'onCall', method, err: cause }, 'a hook was called off');
      else this.#logger.error({ hook: 'onCall', method, err: cause }, 'a hook failed');
      throw new SyncError('CALL_FAILED', 'the call could not be answered', { cause });
    }
  }

  /** What `onLoad` gives a document to begin with. Rejects with what the hook throws. */
  async load(document: DocumentName, isNew: boolean): Promise<Uint8Array | undefined> {
    return (await this.#hooks.onLoad?.({ documentName: document, isNew })) ?? undefined;
  }

  /** Rejects with a SyncError when `onConnect` throws: with its own, or FORBIDDEN. */
  async connected(visitor: Visitor): Promise<void> {
    try {
      await this.#inTime('onConnect', this.#hooks.onConnect?.(infoOf(visitor)));
    } catch (cause) {
      throw cause instanceof SyncError
        ? cause
        : new SyncError('FORBIDDEN', 'the connection is not allowed', { cause });
    }
  }

  disconnected(visitor: Visitor): void {
    void this.#run('onDisconnect', async () => this.#hooks.onDisconnect?.(infoOf(visitor)));
  }

  /** `read` makes a copy of the document, which is the hook's own. Never rejects. */
  changed(document: DocumentName, read: ReadDocument): Promise<void> {
    return this.#run('onChange', async () =>
      this.#hooks.onChange?.({ documentName: document, document: read }),
    );
  }

  /** The answer of a hook (O12). One that comes later is of no interest to anybody. */
  #inTime<T>(hook: string, answer: T | Promise<T>): T | Promise<T> {
    return answer instanceof Promise ? this.#waitFor(hook, answer) : answer;
  }

  async #waitFor<T>(hook: string, answer: Promise<T>): Promise<T> {
    if (await within(this.#clock, maxAnswerMs, answer)) return answer;
    this.#logger.error({ hook, silentMs: maxAnswerMs }, 'a hook does not answer');
    throw new SyncError('INTERNAL', 'the application does not answer');
  }

  /** Runs a hook whose failure concerns nobody but the operator. */
  async #run(hook: string, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#logger.error({ hook, err: error }, 'a hook failed');
    }
  }
}

function infoOf({ document, connectionId, claims, remoteAddress }: Visitor): ConnectionInfo {
  return { documentName: document, connectionId, claims, remoteAddress };
}
