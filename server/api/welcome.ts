// What somebody sees who has started a server for the first time, without tokens: how a client connects to it, on a page at `/`
// and in the terminal.

import type { HttpRequest } from '../transport/transport.js';
import type { Routes } from './router.js';

/** A client that runs as it stands, in a page as in Node. `url`: the server's, `ws://localhost:1234`. */
export function firstClient(url: string): string {
  return [
    "import * as Y from 'yjs';",
    "import { HeddleProvider } from 'heddle/client';",
    'const doc = new Y.Doc();',
    `const provider = new HeddleProvider('${escaped(url)}', 'notes', doc);`,
    "doc.on('update', () => console.log(doc.getText('body').toString()));",
  ].join('\n');
}

/** `GET /`, where no token is asked for and no other page is served. `basePath`: '' where nothing is in front of the paths. */
export function welcomeRoutes({
  isSecure,
  basePath,
}: {
  readonly isSecure: boolean;
  readonly basePath: string;
}): Routes {
  return {
    'GET /': (request) => ({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        'x-content-type-options': 'nosniff',
      },
      body: page(`${isSecure ? 'wss' : 'ws'}://${hostOf(request)}${basePath}`),
    }),
  };
}

/** As the page was asked for. Anything that is no host is left out: it would stand in the page. */
function hostOf(request: HttpRequest): string {
  const host = request.header('host') ?? '';
  return /^[\w.:[\]-]+$/.test(host) ? host : 'localhost';
}

/** The operator has chosen the base path, which may hold what means something else in a page, or in code. */
function escaped(text: string): string {
  return text.replace(/[&<>'"\\]/g, (sign) => encodeURIComponent(sign).replace("'", '%27'));
}

function page(url: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Heddle</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid #8884; border-radius: 6px }
</style>
<h1>Heddle is running</h1>
<p>No tokens are asked for: everybody who reaches this server may read and write everything. That is for development only.</p>
<p>A client, after <code>npm install heddle yjs</code>:</p>
<pre><code>${firstClient(url)}</code></pre>
<p>An editor to try it with: <code>npx heddle serve --demo</code>.
The server says how it is at <a href="healthz">healthz</a> and <a href="readyz">readyz</a>.</p>
</html>
`;
}
