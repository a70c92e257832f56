// The documentation site, served below `/docs/` in demo mode. Where it was not built, one sentence says how to have it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createStaticFiles, type StaticFiles, toFolder } from '../transport/static-files.js';
import type { HttpReply } from '../transport/transport.js';

const place = '/docs';

const notBuilt =
  'The documentation site is not here: it is not part of the npm package, whose folder docs/ has the pages as Markdown. ' +
  'In a clone of the repository, `npm run docs` builds it; then start the server again.\n';

/** Answers for what is below `/docs/`, and for nothing else. The folder is read once. Throws ConfigError where it cannot be read. */
export function createDocsSite(directory: string): StaticFiles {
  const isBuilt = existsSync(join(directory, 'index.html'));
  const files = isBuilt ? createStaticFiles(directory) : undefined;
  return {
    reply(request) {
      const { method, path } = request;
      if (path !== place && !path.startsWith(`${place}/`)) return undefined;
      if (method !== 'GET' && method !== 'HEAD') return undefined;
      if (files === undefined) return plain(404, notBuilt);
      if (path === place) return toFolder(path);
      return (
        files.reply({ method, path: path.slice(place.length), header: (name) => request.header(name) }) ??
        missing(files)
      );
    },
  };
}

function plain(status: number, body: string): HttpReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body,
  };
}

/** The site's own page for an address that it does not have. */
function missing(files: StaticFiles): HttpReply | undefined {
  const page = files.reply({ method: 'GET', path: '/404.html', header: () => undefined });
  return page && { ...page, status: 404 };
}
