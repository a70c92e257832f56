// What a client asks the server to change in its documents, now or when its session ends. One for each connection that asks.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';
import { decodeOperation } from '../../shared/operation.js';
import type { Access, Claims } from '../../shared/permission.js';
import { writeRefusal } from '../room/write-refusal.js';
import { Answers, type AnswersHost } from './answers.js';
import { callerOf, type CallGate } from './call-gate.js';
import type { DisconnectOperations, Operator } from './disconnect-operations.js';
import type { DeviceSigns } from './session-devices.js';
import { TokenBucket } from './token-bucket.js';

/** The connection that asks. */
export interface OperationsHost extends AnswersHost {
  readonly deps: {
    readonly operator: Operator;
    readonly disconnects: DisconnectOperations;
    /** What is made at once counts as a call until it is made. */
    readonly callGate: CallGate;
    readonly clock: Clock;
    readonly limits: Limits;
    readonly logger: Logger;
  };
  readonly rights: { readonly claims: Claims | undefined };
  readonly device: DeviceSigns;
  readonly socket: { readonly remoteAddress: string };
  /** What its session is known by. */
  readonly sessionKey: string | undefined;
}

/** An open document of the connection. */
interface AskedDocument {
  readonly name: DocumentName;
  readonly right: { readonly access: Access };
}

type OperateMessage = Extract<NativeClientMessage, { type: 'operate' }>;

/** A document is built for each that is made now: so many at once, then one per this time. */
const maxAtOnce = 50;
const everyMs = 100;

export class Operations {
  readonly #host: OperationsHost;
  readonly #answers: Answers;
  readonly #bucket: TokenBucket;

  constructor(host: OperationsHost) {
    this.#host = host;
    this.#answers = new Answers(host);
    this.#bucket = new TokenBucket(host.deps.clock, maxAtOnce, everyMs);
  }

  /** Other messages do not wait for the answer. */
  take(message: OperateMessage, document: AskedDocument | undefined): void {
    const asked = { id: message.id, what: 'operation', document: document?.name } as const;
    void this.#answers.give(asked, () => this.#operate(message, document));
  }

  /** The connection has ended: nothing is told any more. */
  close(): void {
    this.#answers.close();
  }

  /** The bytes are read before this returns. */
  async #operate({ isAtEnd, operation }: OperateMessage, document: AskedDocument | undefined): Promise<void> {
    const { deps, rights, device, sessionKey } = this.#host;
    const { claims } = rights;
    if (claims === undefined || sessionKey === undefined || document === undefined)
      throw new SyncError('CALL_FAILED', 'the document is not open on this connection');
    if (operation.length > deps.limits.maxOperationBytes)
      throw new SyncError('RATE_LIMITED', `an operation has at most ${deps.limits.maxOperationBytes} bytes`);
    const request = decodeOperation(operation);
    checkMayWrite(document);
    if (isAtEnd)
      return deps.disconnects.add(
        sessionKey,
        { claims, deviceId: device.id(claims) },
        document.name,
        request,
      );
    if (request.do === 'cancel')
      throw new SyncError('UPDATE_INVALID', 'what is done at once cannot be taken back');
    if (!this.#bucket.take()) throw new SyncError('RATE_LIMITED', 'too many operations');
    const leave = deps.callGate.enter(
      callerOf(claims.sub, this.#host.socket.remoteAddress),
      operation.length,
    );
    const order = {
      operations: [request],
      author: claims.sub,
      computed: async (): Promise<void> => checkMayWrite(document),
      isWanted: (): boolean => !this.#answers.isClosed,
    };
    await deps.operator.run(document.name, order).finally(leave);
  }
}

function checkMayWrite({ right }: AskedDocument): void {
  if (right.access !== 'write') throw writeRefusal(right.access);
}
