// What the application asks the server to change in a document, now or when this client goes: waits until the document is open,
// and is asked again when the connection is lost before the answer.

import { SyncError } from '../../shared/errors.js';
import {
  encodeOperation,
  serverTimestamp,
  type OperationPath,
  type OperationRequest,
  type OperationValue,
} from '../../shared/operation.js';

/**
 * What is to change at a path of a document when the session of this client ends: the page is closed, the last provider on its
 * connection disconnects, or its connection is lost and it does not come back in time. Each promise resolves when the server has stored it, and rejects with
 * SyncError when the server refuses it. What has happened is over: ask again when the document is open again.
 */
export interface OnDisconnect {
  /** Puts a value there. Maps that are missing on the way are made. */
  set(value: OperationValue): Promise<void>;
  /** Puts several values into the map there. */
  update(values: { readonly [key: string]: OperationValue }): Promise<void>;
  /** Takes away what is there. */
  remove(): Promise<void>;
  /** Forgets what was asked for there and below. */
  cancel(): Promise<void>;
}

interface Asked {
  readonly operation: Uint8Array;
  readonly isAtEnd: boolean;
  isUnderWay: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Asks the server. Undefined while the document is not open. Rejects with SyncError where the server has said no. */
type Operate = (isAtEnd: boolean, operation: Uint8Array) => Promise<unknown> | undefined;

export class ServerChanges {
  readonly #operate: Operate;
  readonly #asked = new Set<Asked>();
  #gone: Error | undefined;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  onDisconnect(path: OperationPath): OnDisconnect {
    return {
      set: (value) => this.#ask({ do: 'set', path, value }, true),
      update: (values) => this.#ask({ do: 'update', path, values }, true),
      remove: () => this.#ask({ do: 'remove', path }, true),
      cancel: () => this.#ask({ do: 'cancel', path }, true),
    };
  }

  setTimestamp(path: OperationPath): Promise<void> {
    return this.#ask({ do: 'set', path, value: serverTimestamp() }, false);
  }

  /** The document may be open now. */
  goOn(): void {
    for (const asked of this.#asked) if (!asked.isUnderWay) this.#say(asked);
  }

  /** Nothing can be asked any more. */
  end(gone: Error): void {
    this.#gone = gone;
    for (const asked of this.#asked) asked.reject(gone);
    this.#asked.clear();
  }

  #ask(request: OperationRequest, isAtEnd: boolean): Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      // Throws what JSON cannot hold, which rejects.
      const asked = { operation: encodeOperation(request), isAtEnd, isUnderWay: false, resolve, reject };
      this.#asked.add(asked);
      this.#say(asked);
    });
  }

  #say(asked: Asked): void {
    const answer = this.#operate(asked.isAtEnd, asked.operation);
    if (answer === undefined) return;
    asked.isUnderWay = true;
    answer.then(
      () => {
        this.#asked.delete(asked);
        asked.resolve();
      },
      (error: unknown) => {
        asked.isUnderWay = false;
        // The connection was lost before the answer, or is about to be.
        if (!(error instanceof SyncError) || error.code === 'DRAINING' || error.code === 'STORE_UNAVAILABLE')
          return;
        this.#asked.delete(asked);
        asked.reject(error);
      },
    );
  }
}
