// What an operator may do about users, over HTTP: only with a token that says so by the configured claim.

import { SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';
import { jsonReply } from '../json-reply.js';
import type { Pushed, Revocation, UserControl } from '../users/user-control.js';
import type { HttpRequest } from '../transport/transport.js';
import { checkAdmin, type AdminCheck } from './admin.js';
import type { Handler, Routes } from './router.js';

export interface UserRoutesDeps extends AdminCheck {
  readonly users: UserControl;
}

type Body = Readonly<Record<string, unknown>>;

const prefix = '/api/v1/users';
const devicesPath = `${prefix}/{user}/devices`;

/**
 * `POST /api/v1/users/refresh`, `/revoke` and `/access`, and the devices of a user under `/api/v1/users/{user}/devices`:
 * docs/protocol.md has their bodies.
 */
export function userRoutes(deps: UserRoutesDeps): Routes {
  const { users } = deps;
  const handle =
    (fields: readonly string[], act: (body: Body) => Promise<Pushed>): Handler =>
    async (request) => {
      // Before the body is so much as read.
      await checkAdmin(deps, request);
      return jsonReply(200, await act(await readBody(request, fields)));
    };
  const onDevices =
    (act: (names: { user: string; device: string }, request: HttpRequest) => Promise<object>): Handler =>
    async (request, { user = '', device = '' }) => {
      await checkAdmin(deps, request);
      return jsonReply(200, await act({ user, device }, request));
    };
  return {
    [`POST ${prefix}/refresh`]: handle(['user'], ({ user }) => users.refresh(user as string)),
    [`POST ${prefix}/revoke`]: handle(['user', 'device', 'token', 'expiresAt'], (body) =>
      users.revoke(revocationIn(body), { expiresAt: body['expiresAt'] as number | undefined }),
    ),
    [`POST ${prefix}/access`]: handle(
      ['user', 'documents', 'access', 'forSeconds'],
      ({ user, documents, access, forSeconds }) =>
        users.setAccess(user as string, documents as string, access as Access | null, {
          forS: forSeconds as number | undefined,
        }),
    ),
    [`GET ${devicesPath}`]: onDevices(async ({ user }) => ({ devices: await users.devices(user) })),
    [`PATCH ${devicesPath}/{device}`]: onDevices(async ({ user, device }, request) => {
      const { name } = await readBody(request, ['name']);
      await users.renameDevice(user, device, name as string);
      return {};
    }),
    [`DELETE ${devicesPath}/{device}`]: onDevices(async ({ user, device }) => {
      await users.forgetDevice(user, device);
      return {};
    }),
    [`POST ${devicesPath}/{device}/sign-out`]: onDevices(({ user, device }) =>
      users.signOutDevice(user, device),
    ),
  };
}

/** A field that is not known could be one that narrows what is meant: it is refused. */
async function readBody(request: HttpRequest, fields: readonly string[]): Promise<Body> {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await request.body()));
  } catch (cause) {
    if (cause instanceof SyncError) throw cause;
    throw new SyncError('FRAME_MALFORMED', 'the body is JSON', { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new SyncError('FRAME_MALFORMED', 'the body is a JSON object');
  const unknown = Object.keys(body).some((name) => !fields.includes(name));
  if (unknown)
    throw new SyncError('FRAME_MALFORMED', `the body has only these members: ${fields.join(', ')}`);
  return body as Body;
}

/** Exactly one of a token, a device (with or without its user) and a user. */
function revocationIn({ user, device, token }: Body): Revocation {
  if (token !== undefined && (user !== undefined || device !== undefined))
    throw new SyncError('FRAME_MALFORMED', 'a token is revoked without user and device');
  if (token !== undefined) return { token: token as string };
  if (device !== undefined) return { device: device as string, user: user as string | undefined };
  return { user: user as string };
}
