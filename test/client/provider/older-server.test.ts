// A client meets a server that is older than rosters and lists of devices, and then the same server brought up to date.

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { WebSocketClass } from '../../../client/connection/socket.js';
import { HeddleProvider } from '../../../client/provider/heddle-provider.js';
import { ownDevices } from '../../../client/provider/own-devices.js';
import { openRoster } from '../../../client/provider/roster.js';
import { SyncError } from '../../../shared/errors.js';
import { decodeClientFrame, decodeServerFrame, encodeServerFrame } from '../../../shared/native/frame.js';
import type { NativeServerMessage } from '../../../shared/native/messages.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor, type TestServer } from '../../support/test-server.js';

/** Sockets to a server that says neither `devices` nor `rosters` as long as `isOld`. */
interface Line {
  isOld: boolean;
  /** What was said to it while it was old. */
  readonly saidToOld: string[];
  readonly WebSocket: WebSocketClass;
}

function newLine(): Line {
  const line: Line = {
    isOld: true,
    saidToOld: [],
    WebSocket: class extends WebSocket {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        if (event === 'message' && line.isOld) args[0] = older(new Uint8Array(args[0] as ArrayBuffer));
        return super.emit(event, ...args);
      }

      override send(frame: Uint8Array): void {
        if (line.isOld) line.saidToOld.push(...decodeClientFrame(frame).map(({ type }) => type));
        super.send(frame);
      }
    },
  };
  return line;
}

function older(frame: Uint8Array): ArrayBuffer {
  const messages = decodeServerFrame(frame).map((message) =>
    message.type === 'welcome' ? withoutNews(message) : message,
  );
  return new Uint8Array(encodeServerFrame(...messages)).buffer;
}

function withoutNews(welcome: Extract<NativeServerMessage, { type: 'welcome' }>): NativeServerMessage {
  const { devices, rosters, ...extensions } = welcome.extensions ?? {};
  expect([devices, rosters]).toEqual([true, true]);
  return { ...welcome, extensions };
}

async function open(): Promise<{ line: Line; server: TestServer; provider: HeddleProvider }> {
  const server = await serverForTest({ auth: { secret: testSecret }, rosterVisible: 'everybody' });
  const line = newLine();
  const provider = new HeddleProvider(server.url, 'a', new Y.Doc(), {
    token: await tokenFor('ada'),
    offline: false,
    tabs: false,
    WebSocketPolyfill: line.WebSocket,
  });
  onTestFinished(() => provider.destroy());
  await provider.whenSynced;
  return { line, server, provider };
}

/** The server ends, and comes back brought up to date. */
function update({ line, server }: { line: Line; server: TestServer }): void {
  line.isOld = false;
  for (const { id } of server.server.connections.list())
    server.server.connections.end(id, new SyncError('DRAINING'));
}

it('K78: devices are listed as soon as the server has a list', async () => {
  const opened = await open();
  const devices = ownDevices(opened.provider.connection);
  onTestFinished(devices.watch(() => {}));
  await expect(devices.list()).rejects.toMatchObject({ code: 'CALL_UNKNOWN' });
  expect(devices.current).toBeUndefined();
  update(opened);
  await until(() => devices.current?.length === 1, 'the list is told');
  expect(opened.line.saidToOld).not.toContain('devices');
});

it('K82: a roster is told as soon as the server has one, and is not asked for before', async () => {
  const opened = await open();
  const roster = openRoster(opened.provider);
  await until(() => roster.status === 'unsupported', 'there is none');
  roster.close();
  const again = openRoster(opened.provider);
  await until(() => again.status === 'unsupported', 'there is none still');
  await opened.provider.sync();
  expect(opened.line.saidToOld).not.toContain('watch-roster');
  update(opened);
  await until(() => again.status === 'told', 'it is told');
  expect(again.people.map(({ user }) => user)).toEqual(['ada']);
});
