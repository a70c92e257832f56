// The devices of users over real sockets, on a real store: from our own client, from stock clients, over HTTP and from a shell.

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { HeddleConnection, LoginRequired, ownDevices, type OwnDevice } from '../../client/index.js';
import { createToken } from '../../token/index.js';
import { usersCommand } from '../../server/cli/users.js';
import type { Device } from '../../shared/device.js';
import { Peer, until } from '../support/peer.js';
import {
  directoryForTest,
  serverForTest,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';

const adminClaim = 'heddle_admin';
const auth = { secret: testSecret, adminClaim };
const admin = { secret: testSecret, sub: 'ops', docs: [], ttlS: 600, claims: { [adminClaim]: true } };

/** A client on a device of its own. It has one token, and no other when that is refused. */
function device(url: string, token: string, name: string): HeddleConnection {
  let isFirst = true;
  const connection = new HeddleConnection(url, {
    token: () => {
      if (!isFirst) throw new LoginRequired('once');
      isFirst = false;
      return token;
    },
    device: name.padEnd(32, '.'),
    deviceName: name,
    devicePlatform: 'a test',
    WebSocketPolyfill: WebSocket,
  });
  connection.connect();
  onTestFinished(() => connection.destroy());
  return connection;
}

const isOpen = (connection: HeddleConnection) => (): boolean => connection.connected;
const named = (list: readonly OwnDevice[] | undefined, name: string): OwnDevice =>
  list?.find((one) => one.name === name) as OwnDevice;

async function http({ port }: TestServer, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/users/${path}`, {
    method,
    headers: { authorization: `Bearer ${await createToken(admin)}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

it('A14, A15, A16, K78: a user sees, names and signs out their own devices, live; also after a restart', async () => {
  const data = await directoryForTest();
  const server = await serverForTest({ auth, data });
  const tokens = await Promise.all([tokenFor('ada'), tokenFor('ada'), tokenFor('bob')]);
  const [phone, desk, bobs] = ['Phone', 'Desk', 'Bob'].map((name, at) =>
    device(server.url, tokens[at]!, name),
  ) as [HeddleConnection, HeddleConnection, HeddleConnection];
  await until(() => [phone, desk, bobs].every(({ connected }) => connected), 'all are connected');
  let told = 0;
  const stop = ownDevices(desk).watch(() => told++);
  await until(() => ownDevices(desk).current?.length === 2, 'both of ada are listed');
  const list = ownDevices(desk).current!;
  expect(
    list.map(({ name, isThis, online, platform, address }) => ({ name, isThis, online, platform, address })),
  ).toEqual(
    expect.arrayContaining([
      { name: 'Desk', isThis: true, online: true, platform: 'a test', address: '127.0.0.1' },
      { name: 'Phone', isThis: false, online: true, platform: 'a test', address: '127.0.0.1' },
    ]),
  );
  expect((await ownDevices(bobs).list()).map(({ name }) => name)).toEqual(['Bob']);
  // Nobody reaches another user's device, whose id would have to be guessed in the first place.
  const { id } = named(list, 'Phone');
  await expect(ownDevices(bobs).signOut(id)).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
  await expect(ownDevices(bobs).rename(id, 'mine')).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });

  await ownDevices(desk).rename(id, '  Ada’s\u0007 phone ');
  await until(() => named(ownDevices(desk).current, 'Ada’s phone') !== undefined, 'the new name is told');
  await ownDevices(desk).signOut(id);
  await until(() => !phone.connected, 'the phone is out');
  expect(phone.reason).toMatchObject({ code: 'TOKEN_REVOKED' });
  await until(() => ownDevices(desk).current?.length === 1, 'it is gone from the list');
  expect(told).toBeGreaterThanOrEqual(3);
  expect(bobs.connected).toBe(true);
  stop();
  expect(ownDevices(desk).current).toBeUndefined();
  await server.close();

  const later = await serverForTest({ auth, data });
  const again = device(later.url, tokens[0], 'Phone');
  // The token was shown to the server on the phone: it is refused on every other device too.
  const stolen = device(later.url, tokens[0], 'Thief');
  const desk2 = device(later.url, tokens[1], 'Desk');
  await until(() => [again, stolen].every(({ reason }) => reason !== undefined), 'both are refused');
  expect([again, stolen].map(({ reason }) => reason?.code)).toEqual(['TOKEN_REVOKED', 'TOKEN_REVOKED']);
  await until(isOpen(desk2), 'the other device is let in');
  const [kept, ...more] = await ownDevices(desk2).list();
  expect(more).toEqual([]);
  expect(kept).toMatchObject({
    id: named(list, 'Desk').id,
    firstSeen: named(list, 'Desk').firstSeen,
    name: 'Desk',
  });
  // A token that was issued later lets the phone in again: it is the issuer who has to refuse it one.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const newer = device(later.url, await tokenFor('ada'), 'Phone');
  await until(isOpen(newer), 'it is back');
  expect(named(await ownDevices(newer).list(), 'Phone').id).toBe(id);
});

it('A14, A17: stock clients are a device for each `sid`, or none', async () => {
  const server = await serverForTest({ auth });
  const issued = {
    secret: testSecret,
    sub: 'ada',
    docs: [{ pattern: '**', access: 'write' }] as const,
    ttlS: 600,
  };
  const token = await createToken({ ...issued, sid: 'login-1' });
  const peers = [token, token, await tokenFor('ada')].map(
    (one) => new Peer(`${server.url}/doc`, { token: one }),
  );
  for (const peer of peers) await peer.synced();
  const [only, ...more] = await server.server.users.devices('ada');
  expect([only?.online, more]).toEqual([true, []]);
  expect(await server.server.users.signOutDevice('ada', only!.id)).toEqual({ sessions: 2 });
  for (const peer of peers.slice(0, 2))
    expect(await peer.end()).toEqual({ code: 4401, reason: 'TOKEN_REVOKED: the device was signed out' });
  expect(peers[2]!.closed).toBeUndefined();
  // Any token with that `sid` that was issued before, also one that was never shown.
  expect((await new Peer(`${server.url}/doc`, { token }).end()).code).toBe(4401);
});

it('A16, A18: operators see and change devices over HTTP and from a shell, and nobody else does', async () => {
  const server = await serverForTest({ auth });
  const user = 'ada/ü b';
  const path = `${encodeURIComponent(user)}/devices`;
  const connection = device(server.url, await tokenFor(user), 'Phone');
  await until(isOpen(connection), 'it is connected');
  const listed = async (): Promise<readonly Device[]> => server.server.users.devices(user);
  await until(() => connection.connected, 'it is connected');
  const [phone] = await listed();
  const { id } = phone!;
  expect(await http(server, 'GET', path)).toMatchObject({
    status: 200,
    devices: [{ id, name: 'Phone', online: true }],
  });
  expect(await http(server, 'PATCH', `${path}/${id}`, { name: 'Ü' })).toEqual({ status: 200 });
  expect((await listed())[0]).toMatchObject({ name: 'Ü' });
  expect(await http(server, 'PATCH', `${path}/${id}`, { nick: 'Ü' })).toMatchObject({ status: 400 });
  expect(await http(server, 'PATCH', `${path}/${id}`, {})).toMatchObject({ status: 400 });
  expect(await http(server, 'DELETE', `${path}/nobody`)).toMatchObject({
    status: 404,
    error: 'DEVICE_UNKNOWN',
  });
  expect(await http(server, 'GET', '%zz/devices')).toMatchObject({ status: 404 });
  const url = `http://127.0.0.1:${server.port}`;
  const refused = await fetch(`${url}/api/v1/users/${path}`, {
    headers: { authorization: `Bearer ${await tokenFor(user)}` },
  });
  expect(refused.status).toBe(403);

  const env = { HEDDLE_URL: url, HEDDLE_ADMIN_TOKEN: await createToken(admin) };
  expect(await usersCommand(['devices', user], env)).toMatch(
    new RegExp(`^${id}  Ü  a test  127\\.0\\.0\\.1  first seen \\S+Z  online since \\S+Z$`),
  );
  expect(await usersCommand(['sign-out', user, '--device', id], env)).toBe(
    'done; 1 open connection concerned',
  );
  await until(() => !connection.connected, 'it is out');
  expect(await usersCommand(['devices', user], env)).toBe('no devices');
  await expect(usersCommand(['sign-out', user], env)).rejects.toThrow('--device is missing');
  await expect(usersCommand(['sign-out', user, '--device', id], env)).rejects.toThrow('no such device');
});

it('A17: devices of a user, their names and what they ask are bounded', async () => {
  const server = await serverForTest({ auth, limits: { maxDevicesPerUser: 3 } });
  const token = await tokenFor('ada');
  for (const name of ['a', 'b', 'c', 'd']) {
    const one = device(server.url, token, name.repeat(200));
    await until(isOpen(one), 'it is connected');
    await until(() => one.connected, name);
    if (name !== 'd') one.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (name !== 'd') continue;
    const list = await ownDevices(one).list();
    expect(list.map(({ name }) => name)).toEqual(['d', 'c', 'b'].map((letter) => letter.repeat(60)));
    const asked = Array.from({ length: 80 }, () =>
      ownDevices(one)
        .list()
        .catch((error: unknown) => error),
    );
    const refused = (await Promise.all(asked)).filter((answer) => !Array.isArray(answer));
    expect(refused.length).toBeGreaterThan(10);
    expect(refused[0]).toMatchObject({ code: 'RATE_LIMITED' });
    expect(one.connected).toBe(true);
  }
  expect((await server.server.users.devices('ada')).length).toBe(3);
});
