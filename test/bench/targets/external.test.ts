import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { externalTarget } from '../../../bench/targets/external.js';
import { TargetUnavailable } from '../../../bench/targets/target.js';

const protocol = 'y-websocket';
/** More than any system gives. */
const noPid = 2 ** 30;

async function listening(): Promise<{ url: string; close(): void }> {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

describe('an external server', () => {
  test('is measured as it is: its URL, token and process', async () => {
    const { url } = await listening();
    const target = externalTarget({
      url: `${url}/path/`,
      protocol: 'hocuspocus',
      pid: process.pid,
      token: 'secret',
    });
    expect(target.name).toBe(new URL(url).host);
    expect([...target.capabilities].sort()).toEqual(['awareness', 'process', 'sync']);
    await target.prepare(() => {});
    const running = await target.start();
    expect(running.endpoint).toEqual({
      url: `${url}/path`,
      protocol: 'hocuspocus',
      pid: process.pid,
      token: 'secret',
    });
    await expect(running.halt()).rejects.toThrow('did not start');
    await expect(running.resume()).rejects.toThrow('did not start');
    await running.stop();
  });

  test('can do what it is said to do', async () => {
    const { url } = await listening();
    const target = externalTarget({ url, protocol, capabilities: ['acknowledgements'], name: 'mine' });
    expect(target.name).toBe('mine');
    expect([...target.capabilities]).toEqual(['acknowledgements']);
    await target.prepare(() => {});
    expect((await target.start()).endpoint).toEqual({ url, protocol });
  });

  test('is unavailable when nobody listens, and when its process is not there', async () => {
    const { url, close } = await listening();
    const target = externalTarget({ url, protocol, pid: noPid });
    expect(target.capabilities.has('process')).toBe(false);
    await expect(target.prepare(() => {})).rejects.toThrow(TargetUnavailable);
    await expect(target.prepare(() => {})).rejects.toThrow(`no process ${noPid}`);
    close();
    const gone = externalTarget({ url, protocol });
    await expect(gone.prepare(() => {})).rejects.toThrow(TargetUnavailable);
    await expect(gone.prepare(() => {})).rejects.toThrow(new URL(url).host);
  });

  test('needs the URL of a WebSocket', () => {
    for (const url of ['', 'localhost:1234', 'http://localhost'])
      expect(() => externalTarget({ url, protocol }), url).toThrow(TypeError);
  });
});
