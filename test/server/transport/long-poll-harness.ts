// What the tests of sockets over HTTP share: the server's side of them, with a clock that stands still, and requests
// written by hand.

import { Addresses, type AddressLimits } from '../../../server/transport/addresses.js';
import { LongPoll, type LongPollDeps } from '../../../server/transport/long-poll.js';
import { PolledTopics } from '../../../server/transport/polled-topics.js';
import type { HttpReply } from '../../../server/transport/transport.js';
import {
  afterHeader,
  decodeBody,
  encodeBody,
  sessionHeader,
  type Body,
} from '../../../shared/native/over-http.js';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { recordingLogger } from '../../support/test-server.js';
import { settled } from '../../support/turns.js';
import { RecordingServer, type Peer } from './recording-server.js';

export interface LongPollServer {
  readonly longPoll: LongPoll;
  readonly server: RecordingServer;
  readonly topics: PolledTopics;
  readonly clock: FakeClock;
  readonly log: readonly string[];
}

export const KiB = 1024;

/** What is opened here is trusted at once, unless the test says how it decides. */
export function createLongPoll(
  options: Partial<LongPollDeps['options']> = {},
  limits: Partial<AddressLimits> = {},
): LongPollServer {
  const server = new RecordingServer();
  const topics = new PolledTopics();
  const clock = createFakeClock();
  const logger = recordingLogger();
  const longPoll = new LongPoll({
    options: { maxMessageBytes: 100 * KiB, maxBufferedBytes: 400 * KiB, maxHttpConnections: 10, ...options },
    handler: server,
    topics,
    addresses: new Addresses(clock, { ...defaultLimits, ...limits }),
    clock,
    logger,
  });
  return { longPoll, server, topics, clock, log: logger.lines };
}

export interface RequestOptions {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Promise<Uint8Array>;
}

/** A request, and the client's end of it. */
export class Exchange {
  reply: HttpReply | undefined;
  isDropped = false;
  #tellGone = (): void => {};

  constructor(longPoll: LongPoll, { method = 'POST', path, query = '', headers = {}, body }: RequestOptions) {
    const header = (name: string): string | undefined => headers[name];
    const maxBytes = longPoll.maxBodyBytes({ path, header }) ?? 64 * KiB;
    const reply = longPoll.reply({
      method,
      path,
      query,
      header,
      remoteAddress: '192.0.2.1',
      body: async () => {
        const bytes = (await body) ?? new Uint8Array();
        if (this.isDropped) throw new SyncError('FRAME_MALFORMED', 'the request body ended early');
        if (bytes.length > maxBytes) throw new SyncError('FRAME_TOO_LARGE');
        return bytes.slice();
      },
      onGone: (run) => (this.#tellGone = run),
      dropBody: () => (this.isDropped = true),
    });
    void reply.then((made) => (this.reply = made));
  }

  goAway(): void {
    this.#tellGone();
  }

  get status(): number | undefined {
    return this.reply?.status;
  }

  get text(): string {
    return typeof this.reply?.body === 'string' ? this.reply.body : '';
  }

  /** What a poll was answered with. */
  get body(): Body {
    if (!(this.reply?.body instanceof Uint8Array)) throw new Error(`no answer with frames: ${this.text}`);
    return decodeBody(this.reply.body);
  }

  /** The same as texts. */
  get frames(): string[] {
    return this.body.frames.map((frame) => Buffer.from(frame).toString());
  }
}

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A client that counts nothing by itself. */
export class Client {
  readonly peer: Peer;
  readonly #harness: LongPollServer;
  readonly #id: string;

  private constructor(harness: LongPollServer, id: string, peer: Peer) {
    this.#harness = harness;
    this.#id = id;
    this.peer = peer;
  }

  static async open(harness: LongPollServer): Promise<Client> {
    const opening = new Exchange(harness.longPoll, { path: '/session' });
    await settled();
    if (opening.status !== 200) throw new Error(`refused: ${opening.status} ${opening.text}`);
    const { session } = JSON.parse(opening.text) as { session: string };
    return new Client(harness, session, harness.server.peers.at(-1)!);
  }

  poll(after: number | string): Exchange {
    return this.#request('/session/poll', after);
  }

  send(after: number | string, body: Body | Uint8Array | Promise<Uint8Array>): Exchange {
    return this.#request('/session/send', after, 'frames' in body ? encodeBody(body) : body);
  }

  sendTexts(after: number, ...texts: string[]): Exchange {
    return this.send(after, { frames: texts.map(bytes) });
  }

  get heard(): string[] {
    return this.peer.messages.map((message) => Buffer.from(message.bytes).toString());
  }

  #request(path: string, after: number | string, body?: Uint8Array | Promise<Uint8Array>): Exchange {
    const headers = { [sessionHeader]: this.#id, [afterHeader]: String(after) };
    return new Exchange(this.#harness.longPoll, { path, headers, ...(body === undefined ? {} : { body }) });
  }
}

/** Lets what is under way happen. */
export async function go({ clock }: LongPollServer, ms = 0): Promise<void> {
  await settled();
  clock.advance(ms);
  await settled();
}

/** Ends all of them. Throws when anything of them is left. */
export async function closeLongPoll(harness: LongPollServer): Promise<void> {
  harness.longPoll.close();
  await go(harness);
  if (harness.clock.pending > 0 || !harness.topics.isEmpty) throw new Error('a timer or a topic is left');
}
