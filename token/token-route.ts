// Routes that answer a page's request for a token, for an application's own HTTP server. Who the user is, the application says.

import { systemClock } from '../shared/clock.js';
import { signToken, type TokenSigning, type TokenUser } from './sign-token.js';

/**
 * Says who sends a request, by whatever the application knows of it (a session cookie, say), and what they may open;
 * undefined or null where nobody is logged in. What it throws reaches the application's framework.
 */
export type WhoIs<AnyRequest> = (
  request: AnyRequest,
) => TokenUser | null | undefined | Promise<TokenUser | null | undefined>;

export interface TokenRouteOptions<AnyRequest> extends TokenSigning {
  readonly user: WhoIs<AnyRequest>;
}

/** What a route answers. The body is the token alone, or a word on why there is none. */
interface Answer {
  readonly status: 200 | 401 | 405;
  readonly body: string;
}

const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

async function answer<AnyRequest extends { readonly method?: string | undefined }>(
  request: AnyRequest,
  { user: whoIs, ...signing }: TokenRouteOptions<AnyRequest>,
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'POST') return { status: 405, body: 'GET or POST' };
  const user = await whoIs(request);
  if (user === undefined || user === null) return { status: 401, body: 'nobody is logged in' };
  // Nothing else of it: an application's user may have fields that are called like options of the signing.
  const { sub, docs, name, sid, claims } = user;
  return { status: 200, body: await signToken({ ...signing, sub, docs, name, sid, claims }, systemClock) };
}

/**
 * A route for frameworks that speak in web-standard requests (Next.js, Hono, SvelteKit, workers):
 * `export const GET = tokenRoute({ secret, user })`. It answers GET and POST with the token as text, and with 401 where
 * `user` names nobody.
 */
export function tokenRoute(options: TokenRouteOptions<Request>): (request: Request) => Promise<Response> {
  return async (request) => {
    const { status, body } = await answer(request, options);
    return new Response(body, { status, headers });
  };
}

/** What Express, Connect and Node's own `http` have in common. */
interface NodeRequest {
  readonly method?: string | undefined;
}
interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/**
 * The same for Express: `app.use('/api/sync-token', expressTokenRoute({ secret, user }))`. What `user` throws goes to `next`.
 * Node's own `http` has no `next`: its promise rejects.
 */
export function expressTokenRoute<AnyRequest extends NodeRequest>(
  options: TokenRouteOptions<AnyRequest>,
): (request: AnyRequest, response: NodeResponse, next?: (error: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      const { status, body } = await answer(request, options);
      response.writeHead(status, headers);
      response.end(body);
    } catch (error) {
      if (next === undefined) throw error;
      next(error);
    }
  };
}
