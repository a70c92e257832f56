// What people write at first, coming from another provider or from nowhere: each mistake gets a sentence that says what to write.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../../client/index.js';
import { serverForTest } from '../../support/test-server.js';

const shape = /new HeddleProvider\(url, name, doc, options\)/;
/** As JavaScript calls it, with any arguments. */
const make = (...args: readonly unknown[]): HeddleProvider =>
  new (HeddleProvider as unknown as new (...args: readonly unknown[]) => HeddleProvider)(...args);

describe('U46 a mistake in the arguments is a TypeError that says what to write', () => {
  const doc = new Y.Doc();
  it.each<[string, readonly unknown[], RegExp]>([
    [
      'the one object of Hocuspocus',
      [{ url: 'ws://localhost', name: 'notes', document: doc }],
      /`document` are the first three/,
    ],
    ['no arguments', [], /takes its arguments apart/],
    ['no name', ['ws://localhost', doc], /the second argument is the name of a document/],
    ['no document', ['ws://localhost', 'notes'], /the third argument is a Y.Doc, and there is none/],
    ['null for a document', ['ws://localhost', 'notes', null], /the third argument is a Y.Doc/],
  ])('U46 %s', (_, args, message) => {
    expect(() => make(...args)).toThrow(TypeError);
    expect(() => make(...args)).toThrow(message);
    expect(() => make(...args)).toThrow(shape);
  });

  it('U46 options in place of the document', () => {
    expect(() => make('ws://localhost', 'notes', { token: 'x' })).toThrow(/is to be a Y.Doc: new Y.Doc\(\)/);
  });
});

describe('U46 an address', () => {
  it.each([
    ['localhost:1234', 'ws://localhost:1234'],
    ['localhost:1234/sync', 'ws://localhost:1234/sync'],
    ['127.0.0.1:1234', 'ws://127.0.0.1:1234'],
    ['sync.example.com', 'wss://sync.example.com'],
    ['sync.example.com:8443/sync', 'wss://sync.example.com:8443/sync'],
    ['my-host:1234', 'wss://my-host:1234'],
    ['3d.example.com:8443', 'wss://3d.example.com:8443'],
    ['localhost.example.com', 'wss://localhost.example.com'],
  ])('U46 %s has no scheme, and is told how it is written', (url, written) => {
    const refusal = expect.objectContaining({
      code: 'NAME_INVALID',
      message: expect.stringContaining(
        `${url} is not the address of a server: it has no scheme. Write ${written}`,
      ),
    });
    expect(() => new HeddleProvider(url, 'notes', new Y.Doc())).toThrow(refusal);
    expect(() => new HeddleConnection(url)).toThrow(refusal);
  });

  it.each(['ftp://localhost', 'file:///notes', 'mailto:ada@example.com'])(
    'U46 %s has another scheme',
    (url) => {
      expect(() => new HeddleConnection(url)).toThrow(
        /is not the address of a server: it begins with none of wss:\/\/, ws:\/\/, https:\/\/ and http:\/\//,
      );
    },
  );

  it.each([
    ['ws://localhost:1234', 'ws://localhost:1234/'],
    ['http://localhost:1234', 'ws://localhost:1234/'],
    ['https://sync.example.com/sync', 'wss://sync.example.com/sync'],
    ['WSS://sync.example.com', 'wss://sync.example.com/'],
    ['ws://[::1]:1234', 'ws://[::1]:1234/'],
  ])('U46 %s is %s', (url, address) => {
    const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
    onTestFinished(() => connection.destroy());
    expect(connection.url).toBe(address);
  });

  it('U46 of a page: a path is one of its own host', () => {
    const global = globalThis as { location?: { href: string } };
    global.location = { href: 'https://example.com/notes/today' };
    onTestFinished(() => void delete global.location);
    const urls = ['/sync', './sync', ''].map((url) => {
      const connection = new HeddleConnection(url, { WebSocketPolyfill: WebSocket });
      onTestFinished(() => connection.destroy());
      return connection.url;
    });
    expect(urls).toEqual([
      'wss://example.com/sync',
      'wss://example.com/notes/sync',
      'wss://example.com/notes/today',
    ]);
  });
});

it('U46 http:// connects, and WebSocketPolyfill is the class that is used', async () => {
  const { url } = await serverForTest();
  let made = 0;
  class Counted extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      made++;
    }
  }
  const provider = new HeddleProvider(url.replace('ws:', 'http:'), 'notes', new Y.Doc(), {
    WebSocketPolyfill: Counted,
    tabs: false,
  });
  onTestFinished(() => provider.destroy());
  await provider.sync();
  expect(made).toBe(1);
});
