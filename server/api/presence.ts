// Who is connected, over HTTP: only with a token that says so by the configured claim.

import { SyncError } from '../../shared/errors.js';
import { jsonReply } from '../json-reply.js';
import type { RosterEntry } from '../roster/rosters.js';
import type { HttpRequest } from '../transport/transport.js';
import { checkAdmin, type AdminCheck } from './admin.js';
import type { Handler, Routes } from './router.js';

export interface PresenceRoutesDeps extends AdminCheck {
  /** As `server.presence` has it. */
  readonly presence: {
    document(name: string): Promise<RosterEntry[]>;
    online(): RosterEntry[];
    user(user: string): Promise<RosterEntry | undefined>;
  };
}

const prefix = '/api/v1/presence';

/** `GET /api/v1/presence`, `/document?name=` and `/user?user=`: docs/protocol.md has the answers. */
export function presenceRoutes(deps: PresenceRoutesDeps): Routes {
  const { presence } = deps;
  const handle =
    (answer: (request: HttpRequest) => unknown): Handler =>
    async (request) => {
      await checkAdmin(deps, request);
      return jsonReply(200, await answer(request));
    };
  return {
    [`GET ${prefix}`]: handle(() => ({ users: presence.online() })),
    [`GET ${prefix}/document`]: handle(async (request) => ({
      users: await presence.document(parameter(request, 'name')),
    })),
    [`GET ${prefix}/user`]: handle(async (request) => ({
      user: (await presence.user(parameter(request, 'user'))) ?? null,
    })),
  };
}

/** Of the query; a parameter that is not known is refused, as a member of a body is. */
function parameter({ query }: HttpRequest, name: string): string {
  const parameters = new URLSearchParams(query);
  const [value] = parameters.getAll(name);
  if (value === undefined || value === '' || parameters.size !== 1)
    throw new SyncError('FRAME_MALFORMED', `the query is ${name}=, and nothing else`);
  return value;
}
