// Requests of a client that are answered by `result`: with what came of them, or with why nothing did, which the log says too.
// Owns whether anybody still waits.

import { toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { NativeServerMessage } from '../../shared/native/messages.js';
import { logRefusal, type Refused, type Who } from './who.js';

/** The connection that the requests are made on. */
export interface AnswersHost {
  readonly deps: { readonly logger: Logger };
  readonly who: Who;
  say(message: NativeServerMessage): void;
}

/** What is asked, for the answer and for the log. */
export interface Asked {
  readonly id: number;
  readonly what: Refused;
  /** The name of the document that it is about; undefined for none. */
  readonly document: string | undefined;
  /** What else the log says of a refusal. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const nothing = new Uint8Array(0);

export class Answers {
  readonly #host: AnswersHost;
  #isClosed = false;

  constructor(host: AnswersHost) {
    this.#host = host;
  }

  /** The connection has ended: nobody waits any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Runs `work` at once, and tells what comes of it. Never rejects. */
  async give({ id, what, document, fields }: Asked, work: () => Promise<Uint8Array | void>): Promise<void> {
    try {
      this.#tell({ type: 'result', id, code: '', close: 0, reason: '', body: (await work()) ?? nothing });
    } catch (error) {
      const refusal = toSyncError(error);
      const { deps, who } = this.#host;
      logRefusal(deps.logger, refusal, { ...who, document }, what, fields);
      this.#tell({ type: 'result', id, ...refusal.fault, body: nothing });
    }
  }

  #tell(message: NativeServerMessage): void {
    if (!this.#isClosed) this.#host.say(message);
  }
}
