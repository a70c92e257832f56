// What the application asks the server to change, as it asks for it: against a real server, over real sockets.

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider, serverTimestamp, type HeddleProviderOptions } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest, testSecret, tokenFor } from '../../support/test-server.js';

function provider(url: string, options: HeddleProviderOptions = {}): HeddleProvider {
  const made = new HeddleProvider(url, 'notes', new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    ...options,
  });
  onTestFinished(() => made.destroy());
  return made;
}

const peopleOf = ({ doc }: HeddleProvider): unknown => doc.getMap('people').toJSON();

describe('P8: what is to change when a client goes', () => {
  it('changes when it disconnects, and is asked for anew afterwards', async () => {
    const { url } = await serverForTest();
    const [one, other] = [provider(url), provider(url)];
    for (const round of [1, 2]) {
      await one.onDisconnect(['people', 'ada']).set({ round, at: serverTimestamp() });
      one.disconnect();
      await until(() => JSON.stringify(peopleOf(other)).includes(`"round":${round}`), 'it is changed');
      const { ada } = peopleOf(other) as { ada: { at: number } };
      expect(Math.abs(ada.at - Date.now())).toBeLessThan(10_000);
      one.connect();
    }
  });

  it('is stored before the promise resolves, also when it was asked for without a connection', async () => {
    const { url } = await serverForTest({ limits: { maxAwayMs: 300 } });
    const [one, other] = [provider(url, { connect: false }), provider(url)];
    const asked = one.onDisconnect(['people']).update({ ada: 'gone', bob: 'gone' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    one.connect();
    await asked;
    await one.onDisconnect(['people', 'bob']).cancel();
    await one.onDisconnect(['people', 'eve']).set(1);
    await one.onDisconnect(['people', 'eve']).cancel();
    one.destroy();
    await until(() => JSON.stringify(peopleOf(other)) === '{"ada":"gone","bob":"gone"}', 'it is changed');
  });

  it('is refused to who may not write, and ends with the provider', async () => {
    const { url } = await serverForTest({ auth: { secret: testSecret } });
    const token = await tokenFor('reader', [{ pattern: '**', access: 'read' }]);
    const one = provider(url, { token });
    await expect(one.onDisconnect(['people', 'ada']).remove()).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(one.onDisconnect([]).remove()).rejects.toMatchObject({ code: 'UPDATE_INVALID' });
    one.disconnect();
    const waiting = one.onDisconnect(['people', 'ada']).remove();
    one.destroy();
    await expect(waiting).rejects.toThrow('destroyed');
  });
});

it('P10: what cannot be said is rejected, and what is asked for after it is done', async () => {
  const { url } = await serverForTest();
  const one = provider(url, { connect: false });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  for (const value of [1n, circular])
    await expect(one.onDisconnect(['people', 'ada']).set(value as never)).rejects.toThrow(TypeError);
  one.connect();
  await one.onDisconnect(['people', 'ada']).set('gone');
  await one.whenSynced;
});

it('P10: the server puts its time where it is asked to', async () => {
  const { url } = await serverForTest();
  const [one, other] = [provider(url), provider(url)];
  await one.setServerTimestamp(['seen', 'ada']);
  await until(() => other.doc.getMap('seen').has('ada'), 'it is there');
  expect(Math.abs((other.doc.getMap('seen').get('ada') as number) - Date.now())).toBeLessThan(10_000);
});
