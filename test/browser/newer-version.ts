// A server in front of another that can pass on newer versions of the example pages than the other has. It has all of them twice: also
// below `/again/`.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class NewerVersion {
  readonly #behind: string;
  readonly #server: Server;
  isNewer = false;

  /** `behind`: where the other server is, with a slash at the end. */
  constructor(behind: string) {
    this.#behind = behind;
    this.#server = createServer((request, response) => {
      void this.#pass(request.url ?? '/').then(
        ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
        () => response.writeHead(502).end(),
      );
    });
  }

  /** Starts, and says where it is. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, 'localhost', resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(path: string): Promise<{ status: number; type: string; body: Uint8Array | string }> {
    const asked = path.replace(/^\/again\//, '/');
    const reply = await fetch(new URL(asked.slice(1), this.#behind));
    const type = reply.headers.get('content-type') ?? '';
    const body = new Uint8Array(await reply.arrayBuffer());
    return { status: reply.status, type, body: this.isNewer ? newer(asked, body) : body };
  }
}

/** As a build of changed sources would be: another page, and with it another version in the service worker. */
function newer(path: string, body: Uint8Array): Uint8Array | string {
  const text = (): string => new TextDecoder().decode(body);
  if (path.endsWith('/sw.js')) return text().replace(/"shellVersion":"\w+"/, '"shellVersion":"newer"');
  if (path === '/notes/') return text().replace('placeholder="Search"', 'placeholder="Search, newer"');
  if (path === '/') return text().replace('<span class="brand-note">demo', '<span class="brand-note">newer');
  return body;
}
