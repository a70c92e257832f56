// A server of its own for a test: in this process, on a free port, on a store that is thrown away.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import * as Y from 'yjs';
import { createToken } from '../../token/index.js';
import { createServer, type HeddleServer } from '../../server/create-server.js';
import type { ServerOptions } from '../../server/options.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { parseDocumentName } from '../../shared/document-name.js';
import type { LogFields, Logger } from '../../shared/logger.js';
import type { DocumentStore } from '../../server/store/store.js';
import type { DocumentGrant } from '../../shared/permission.js';

/** What tokens of tests are signed with. */
export const testSecret = 'a secret for tests, long enough for HS256';

export interface TestServer {
  readonly server: HeddleServer;
  readonly port: number;
  /** ws://127.0.0.1:port */
  readonly url: string;
  /** Undefined for one on a data directory. */
  readonly store: DocumentStore | undefined;
  close(): Promise<void>;
}

/** The transport that the suite runs on, where it runs on a named one: see vitest.config.ts. */
export function transportOfSuite(): Pick<ServerOptions, 'transport'> {
  const transport = process.env['HEDDLE_TRANSPORT'];
  if (transport === undefined || transport === '') return {};
  if (transport !== 'uws' && transport !== 'node') throw new Error(`HEDDLE_TRANSPORT is ${transport}`);
  return { transport };
}

/** Starts a server: in memory and open to all, unless the options say otherwise. The caller closes it. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const store = options.store ?? (options.data === undefined ? createMemoryStore() : undefined);
  const server = createServer({
    host: '127.0.0.1',
    port: 0,
    auth: 'none',
    ...transportOfSuite(),
    ...options,
    ...(store === undefined ? {} : { store }),
  });
  await server.listen();
  return {
    server,
    port: server.port,
    url: `ws://127.0.0.1:${server.port}`,
    store,
    close: () => server.close(),
  };
}

/** Starts a server that is closed when the running test ends. */
export async function serverForTest(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const started = await startServer(options);
  onTestFinished(() => started.close().catch(() => undefined));
  return started;
}

/** An empty directory, removed when the running test ends. */
export async function directoryForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A token that the servers with `auth: { secret: testSecret }` believe. By default it may write everything. */
export function tokenFor(
  sub: string,
  docs: readonly DocumentGrant[] = [{ pattern: '**', access: 'write' }],
  ttlS = 600,
): Promise<string> {
  return createToken({ secret: testSecret, sub, docs, ttlS });
}

/** What is stored of a document, in a Y.Doc. Throws when it cannot be loaded completely. */
export async function storedDocument(store: DocumentStore, name: string): Promise<Y.Doc> {
  const stored = await store.load(parseDocumentName(name));
  const doc = new Y.Doc();
  if (stored?.checkpoint !== undefined) Y.applyUpdate(doc, stored.checkpoint.update);
  for (const { update } of stored?.records ?? []) Y.applyUpdate(doc, update);
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Error(`the store of ${name} lacks something that it depends on`);
  }
  // What was stored must be writable and readable again.
  Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(doc));
  return doc;
}

/** A logger that keeps its lines, as text. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: LogFields, message: string): void => {
    const plain = JSON.stringify(fields, (_key, value: unknown) =>
      value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value,
    );
    lines.push(`${message} ${plain}`);
  };
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}
