// What the demo page asks of its server, in demo mode only: a token for documents under `demo/`, and which there are.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { issueToken } from '../auth/issue-token.js';
import type { DocumentStore } from '../store/store.js';
import type { HttpRequest } from '../transport/transport.js';
import { json, type Routes } from './router.js';

export interface DemoDeps {
  readonly store: DocumentStore;
  readonly clock: Clock;
  /** Secret the tokens are signed with. */
  readonly key: string;
}

/** Documents of the demo are under this prefix; its tokens are good for nothing else. */
export const demoPrefix = 'demo/';

const tokenLifeS = 10 * 60;
const maxListed = 100;
const maxTextLength = 100;

export function demoRoutes({ store, clock, key }: DemoDeps): Routes {
  return {
    'POST /demo/token': async (request) => {
      const { user, name, access } = await readTokenRequest(request);
      const token = await issueToken({
        secret: key,
        // Apart from the users of an operator's own tokens, which may be believed beside these.
        sub: `demo:${user}`,
        name,
        docs: [{ pattern: `${demoPrefix}**`, access }],
        ttlS: tokenLifeS,
        clock,
      });
      return json(200, { token, user, expiresAt: clock.now() + tokenLifeS * 1000 });
    },
    'GET /demo/documents': async () => {
      const found = await store.list({ prefix: demoPrefix, limit: maxListed });
      const documents = found.map(({ document, changedAt, bytes }) => ({
        name: document.slice(demoPrefix.length),
        changedAt,
        bytes,
      }));
      return json(200, { documents });
    },
  };
}

async function readTokenRequest(
  request: HttpRequest,
): Promise<{ user: string; name: string; access: 'read' | 'write' }> {
  const body = parse(new TextDecoder().decode(await request.body()));
  const { user, name, access } = body;
  if (!isShortText(user) || !isShortText(name))
    throw new SyncError('FRAME_MALFORMED', 'user and name are texts');
  if (access !== 'read' && access !== 'write')
    throw new SyncError('FRAME_MALFORMED', 'access is read or write');
  return { user, name, access };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new SyncError('FRAME_MALFORMED', 'the body is JSON', { cause });
  }
  throw new SyncError('FRAME_MALFORMED', 'the body is a JSON object');
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxTextLength;
}
