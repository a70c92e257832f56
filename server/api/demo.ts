// What the demo pages ask of their server, in demo mode only: a token for documents under `demo/`, which there are, and to
// delete one; or a token for one notebook, or for one note of it.

import type { Clock } from '../../shared/clock.js';
import { documentOfRights, parseDocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import { hasHalfCharacter } from '../../shared/half-character.js';
import { signToken } from '../../token/sign-token.js';
import type { Authenticator } from '../auth/authenticator.js';
import { bearerToken } from '../auth/credentials.js';
import type { DocumentStore } from '../store/store.js';
import type { HttpRequest } from '../transport/transport.js';
import { jsonReply } from '../json-reply.js';
import { type Routes } from './router.js';

export interface DemoDeps {
  readonly store: DocumentStore;
  readonly clock: Clock;
  /** Secret the tokens are signed with. */
  readonly key: string;
  readonly authenticator: Authenticator;
  /** Deletes a document for good, as `server.documents.delete` does. Resolves with whether there was one. */
  readonly deleteDocument: (name: string) => Promise<boolean>;
}

/** Documents of the demo are under this prefix; its tokens are good for nothing else. */
export const demoPrefix = 'demo/';

/**
 * Notebooks of the notes app are under this one. A token opens the notebook whose id was named and no other, and nothing
 * lists them: who knows the id has been given it.
 */
export const notebookPrefix = 'notebook/';

/** No wildcard of a pattern is in them, and nobody guesses them. */
const notebookId = /^[a-z0-9]{16,64}$/;
const noteId = /^[a-z0-9]{8,64}$/;

const tokenLifeS = 10 * 60;
const maxListed = 100;
const maxTextLength = 100;

export function demoRoutes({ store, clock, key, authenticator, deleteDocument }: DemoDeps): Routes {
  return {
    'POST /demo/token': async (request) => {
      const { user, name, access, patterns } = await readTokenRequest(request);
      // Apart from the users of an operator's own tokens, which may be believed beside these.
      const sub = `demo:${user}`;
      const docs = patterns.map((pattern) => ({ pattern, access }));
      const token = await signToken({ secret: key, sub, name, docs, ttlS: tokenLifeS }, clock);
      return jsonReply(200, { token, user, expiresAt: clock.now() + tokenLifeS * 1000 });
    },
    'GET /demo/documents': async () => {
      const found = await store.list({ prefix: demoPrefix, limit: maxListed });
      const documents = found.map(({ document, changedAt, bytes }) => ({
        name: document.slice(demoPrefix.length),
        changedAt,
        bytes,
      }));
      return jsonReply(200, { documents });
    },
    'POST /demo/delete': async (request) => {
      // Before the body is so much as read.
      const claims = await authenticator.authenticate(bearerToken(request.header('authorization')));
      const { document } = parse(new TextDecoder().decode(await request.body()));
      if (typeof document !== 'string' || document === '')
        throw new SyncError('FRAME_MALFORMED', 'document is a text');
      const name = parseDocumentName(`${demoPrefix}${document}`);
      if ((await authenticator.authorize(claims, documentOfRights(name))) !== 'write')
        throw new SyncError('FORBIDDEN', 'the token does not allow to write the document');
      return jsonReply(200, { deleted: await deleteDocument(name) });
    },
  };
}

interface TokenRequest {
  readonly user: string;
  readonly name: string;
  readonly access: 'read' | 'write';
  /** The documents it is for. */
  readonly patterns: readonly string[];
}

async function readTokenRequest(request: HttpRequest): Promise<TokenRequest> {
  const body = parse(new TextDecoder().decode(await request.body()));
  const { user, name, access, notebook, note } = body;
  if (!isShortText(user) || !isShortText(name))
    throw new SyncError('FRAME_MALFORMED', 'user and name are texts');
  if (access !== 'read' && access !== 'write')
    throw new SyncError('FRAME_MALFORMED', 'access is read or write');
  return { user, name, access, patterns: patternsFor(notebook, note) };
}

function patternsFor(notebook: unknown, note: unknown): readonly string[] {
  if (notebook === undefined) return [`${demoPrefix}**`];
  if (typeof notebook !== 'string' || !notebookId.test(notebook))
    throw new SyncError('FRAME_MALFORMED', 'notebook is 16 to 64 lower-case letters and digits');
  const name = `${notebookPrefix}${notebook}`;
  if (note === undefined) return [name, `${name}/**`];
  if (typeof note !== 'string' || !noteId.test(note))
    throw new SyncError('FRAME_MALFORMED', 'note is 8 to 64 lower-case letters and digits');
  return [`${name}/${note}`];
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

/** Without halves of characters, which no token has. */
function isShortText(value: unknown): value is string {
  if (typeof value !== 'string' || hasHalfCharacter(value)) return false;
  return value.length > 0 && value.length <= maxTextLength;
}
