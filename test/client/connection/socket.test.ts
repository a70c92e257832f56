// WebSockets of the client: which subprotocols they offer.

import { beforeEach, describe, expect, it } from 'vitest';
import { webSockets, type OpenSocket } from '../../../client/connection/socket.js';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl';
const url = 'ws://server/';

/** Keeps what it was made with, and its listeners, to be called by the test. */
class FakeWebSocket {
  static made: FakeWebSocket[] = [];
  binaryType = '';
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly given: readonly unknown[];
  readonly #listeners = new Map<string, (event: { data: unknown; code: number; reason: string }) => void>();

  constructor(...given: unknown[]) {
    this.given = given;
    FakeWebSocket.made.push(this);
  }

  addEventListener(type: string, listener: (event: { data: unknown; code: number; reason: string }) => void) {
    this.#listeners.set(type, listener);
  }

  send(): void {}

  close(): void {}

  happen(type: 'open' | 'close'): void {
    this.#listeners.get(type)?.({ data: undefined, code: 1006, reason: '' });
  }
}

let open: OpenSocket;
let closes: number;

beforeEach(() => {
  FakeWebSocket.made = [];
  closes = 0;
  open = webSockets(FakeWebSocket);
});

function attempt(withToken: string | undefined, ...course: ('open' | 'close')[]): readonly unknown[] {
  open(url, { opened() {}, frame() {}, closed: () => closes++ }, withToken);
  const made = FakeWebSocket.made.at(-1)!;
  for (const type of course) made.happen(type);
  return made.given;
}

describe('N14: a WebSocket', () => {
  it('offers the token as a subprotocol, behind a name, and never in the URL', () => {
    expect(attempt(token)).toEqual([url, ['heddle', token]]);
  });

  it.each([
    ['no token', ''],
    ['what is no signed token', 'opaque'],
    ['what a subprotocol may not be', 'a b.c=.d/'],
    ['a token over 4 KB', `${token}${'x'.repeat(4_096)}`],
  ])('offers nothing for %s', (_, given) => {
    expect(attempt(given)).toEqual([url]);
  });

  it('offers a token of 4 KB', () => {
    const long = token.padEnd(4_096, 'x');
    expect(attempt(long)).toEqual([url, ['heddle', long]]);
  });

  it('offers nothing after one that offered a token and did not open, and again after one that did not help', () => {
    attempt(token, 'close');
    expect(attempt(token, 'close')).toEqual([url]);
    expect(attempt(token, 'close')).toEqual([url, ['heddle', token]]);
    expect(attempt(token, 'open', 'close')).toEqual([url]);
    expect(attempt(token)).toEqual([url]);
    expect(closes).toBe(4);
  });

  it('offers it again after one that had opened, and after one that had nothing to offer', () => {
    attempt(token, 'open', 'close');
    attempt(undefined, 'close');
    expect(attempt(token)).toEqual([url, ['heddle', token]]);
  });

  it('opens by a class that does not take subprotocols, at the second attempt', () => {
    class Strict extends FakeWebSocket {
      constructor(address: string, protocols?: string[]) {
        if (protocols !== undefined) throw new SyntaxError('no subprotocols here');
        super(address);
      }
    }
    open = webSockets(Strict);
    open(url, { opened() {}, frame() {}, closed() {} }, token);
    expect(FakeWebSocket.made.length).toBe(0);
    expect(attempt(token)).toEqual([url]);
  });
});
