// Documents of a server that runs, asked for as a client of it asks: any server that speaks the protocol of y-websocket or of
// Hocuspocus, whatever it stores documents in.

import { WebSocket, type RawData } from 'ws';
import { hocuspocus } from '../../../bench/protocol/hocuspocus.js';
import type { Protocol } from '../../../bench/protocol/protocol.js';
import { yWebsocket } from '../../../bench/protocol/y-websocket.js';
import { ConfigError } from '../../errors.js';
import type { Source, SourceDocument } from './source.js';

export const protocols = { 'y-websocket': yWebsocket, hocuspocus } as const;

export interface RunningServer {
  /** ws or wss; `{document}` stands for the name of a document, which otherwise follows as the end of the path. */
  readonly url: string;
  readonly protocol: keyof typeof protocols;
  /** With `y-websocket` it is the parameter `token` of the address. */
  readonly token: string | undefined;
  readonly names: readonly string[];
  /** How long one document may take, ms. */
  readonly patienceMs: number;
}

/** The largest message that is taken, bytes: a whole document comes in one. */
const maxMessageBytes = 512 * 1024 * 1024;
const placeholder = '{document}';
const nothing = new Uint8Array([0]);
/** Whoever meets one of these would meet it with every document. */
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** Reads the documents one after the other, each over a connection of its own. */
export async function* documentsOfServer(server: RunningServer): Source {
  for (const name of server.names) yield await readDocument(server, name);
}

async function readDocument(server: RunningServer, name: string): Promise<SourceDocument> {
  try {
    return { kind: 'read', name, updates: await pull(server, name) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && unreachable.has(code))
      throw new ConfigError(`${new URL(server.url).origin} cannot be reached: ${code}`, { cause: error });
    return { kind: 'failed', name, reason: message };
  }
}

/** The address of a document. Throws ConfigError where the address of the server is none. */
export function addressOf({ url, protocol, token }: RunningServer, name: string): URL {
  const isTemplate = url.includes(placeholder);
  const server = parseUrl(url.replaceAll(placeholder, encodeURIComponent(name)));
  if (token !== undefined && protocol === 'y-websocket') server.searchParams.set('token', token);
  if (isTemplate || protocol === 'hocuspocus') return server;
  // As the provider of y-websocket puts it together: the name is not encoded.
  const address = new URL(`${server.origin}${server.pathname.replace(/\/$/, '')}/${name}`);
  address.search ||= server.search;
  return address;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'ws:' || url?.protocol === 'wss:') return url;
  throw new ConfigError('the address of a server begins with ws:// or wss://');
}

/** All updates that the server answers the sync request of an empty client with. */
function pull(server: RunningServer, name: string): Promise<readonly Uint8Array[]> {
  const protocol: Protocol = protocols[server.protocol];
  const conversation = protocol.converse(name, 1);
  const socket = new WebSocket(addressOf(server, name), { maxPayload: maxMessageBytes });
  return new Promise((resolve, reject) => {
    const updates: Uint8Array[] = [];
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.terminate();
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error));
    const timer = setTimeout(
      () => fail(new Error(`it has not come within ${server.patienceMs} ms`)),
      server.patienceMs,
    );
    const hear = (data: RawData): void => {
      for (const message of protocol.read(bytesOf(data))) {
        if (message.kind === 'refused') return fail(new Error(`refused: ${message.reason}`));
        const { reply } = conversation.hear(message) ?? {};
        if (reply !== undefined) socket.send(reply);
        if (message.kind !== 'update' && message.kind !== 'sync-reply') continue;
        updates.push(message.update.slice());
        if (message.kind === 'sync-reply') return end(() => resolve(updates));
      }
    };
    socket.on('open', () => {
      for (const message of [
        ...conversation.greeting(server.token),
        conversation.syncRequest({ stateVector: nothing }),
      ])
        socket.send(message);
    });
    socket.on('message', (data) => {
      try {
        hear(data);
      } catch (error) {
        fail(error);
      }
    });
    socket.on('error', fail);
    socket.on('close', (code, reason) =>
      fail(new Error(`the server has closed the connection: ${[code, reason.toString()].join(' ').trim()}`)),
    );
  });
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data));
  return new Uint8Array(data);
}
