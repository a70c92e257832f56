// Pages made for tests: built once, and served apart from any Heddle server, so that they load while that is away.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { makeFolder } from '../support/server-process.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

export class PageServer {
  readonly #server: Server;
  readonly #remove: () => Promise<void>;

  private constructor(server: Server, remove: () => Promise<void>) {
    this.#server = server;
    this.#remove = remove;
  }

  /** Builds a folder of test/browser/pages and serves it at `/`. */
  static async start(page: string, plugins: Plugin[] = []): Promise<PageServer> {
    const folder = await makeFolder();
    await build({
      configFile: false,
      logLevel: 'error',
      root: fileURLToPath(new URL(`pages/${page}`, import.meta.url)),
      base: './',
      plugins,
      build: { outDir: folder.path, emptyOutDir: true, target: 'es2022', minify: false },
    });
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
      const name = path.endsWith('/') ? `${path}index.html` : path;
      readFile(join(folder.path, name)).then(
        (body) => response.writeHead(200, { 'content-type': types[extname(name)] ?? '' }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server, folder.remove);
  }

  /** http://localhost:port/, where IndexedDB and locks are as on a secure page. */
  url(query: Readonly<Record<string, string>> = {}): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://localhost:${port}/?${new URLSearchParams(query).toString()}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#remove();
  }
}
