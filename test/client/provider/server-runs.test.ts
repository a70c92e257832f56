// A server that crashes and starts again, and what its clients have heard that it had not stored.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Position } from '../../../shared/native/position.js';
import { MortalServer } from '../../fuzz/mortal-server.js';
import { Network } from '../../support/client-sockets.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

/** What was on its way to the store when the server crashes is lost. */
const nothingIsDone = { chance: () => false } as unknown as SeededRandom;

let clock: FakeClock;
let server: MortalServer;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  clock = createFakeClock();
  server = new MortalServer(clock, {}, []);
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await run(50);
  await server.close();
});

async function run(ms: number, stepMs = 10): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    server.advance(Math.min(stepMs, left));
    await server.settle();
  }
}

/** With a network of its own; `questions` are what it has said when it asked for the document. */
function device(options: DeviceOptions = {}): Device & { network: Network; questions: string[] } {
  const network = new Network(() => server.process.transport);
  const one = openDevice({ clock }, network, options);
  const questions: string[] = [];
  const known = one.sync.channel.known.bind(one.sync.channel);
  one.sync.channel.known = () => {
    const said = known();
    questions.push(said.kind);
    return said;
  };
  cleanup.push(() => one.destroy());
  return { ...one, network, questions };
}

/** The author's edit is heard by the reader, and lost with the server and with the author. */
async function lose(
  author: ReturnType<typeof device>,
  ...readers: ReturnType<typeof device>[]
): Promise<void> {
  server.hold();
  author.text.insert(0, 'lost ');
  await run(100);
  author.destroy();
  await crash(...readers);
}

async function crash(...readers: ReturnType<typeof device>[]): Promise<void> {
  server.crash(nothingIsDone);
  for (const { network } of readers) network.state = 'down';
  await run(20);
  server.start();
  for (const { network } of readers) network.state = 'up';
  await run(2_000);
}

const stored = async (): Promise<string> => (await server.stored()).getText('text').toString();

describe('N23: what was heard and not stored when the server crashed', () => {
  it('is brought by whoever has heard it, and by nobody else', async () => {
    const [author, reader] = [device(), device()];
    await run(100);
    author.text.insert(0, 'kept');
    await run(100);
    const late = device();
    await run(100);
    late.network.state = 'down';
    await run(20);
    await lose(author, reader, late);
    expect(reader.questions).toEqual(['nothing', 'state-vector']);
    expect(late.questions).toEqual(['nothing', 'offset']);
    expect(await stored()).toBe('lost kept');
    expect(late.text.toString()).toBe('lost kept');
    await crash(reader, late);
    expect([reader.questions.slice(2), late.questions.slice(2)]).toEqual([['offset'], ['offset']]);
  });

  it('is remembered with the position of a copy', async () => {
    const [author, reader] = [device(), device()];
    const positions: Position[] = [];
    reader.sync.on('position', (position) => void positions.push(position));
    await run(100);
    author.text.insert(0, 'kept');
    await run(100);
    server.hold();
    author.text.insert(0, 'lost ');
    await run(100);
    const position = positions.at(-1)!;
    expect(position.heardIn).toBe('run 0');
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(reader.doc));
    for (const one of [author, reader]) one.destroy();
    await crash();
    expect(await stored()).toBe('kept');
    const next = device({ doc, position });
    await run(500);
    expect(next.questions).toEqual(['state-vector']);
    expect(await stored()).toBe('lost kept');
  });

  it('is nothing once the server has said that all is durable', async () => {
    const [author, reader] = [device(), device()];
    const positions: Position[] = [];
    reader.sync.on('position', (position) => void positions.push(position));
    await run(100);
    for (const letter of 'kept') {
      author.text.insert(0, letter);
      await run(100);
    }
    expect(positions.at(-1)?.heardIn).toBe('run 0');
    await run(300_000, 1_000);
    expect(positions.at(-1)?.heardIn).toBeUndefined();
    await crash(author, reader);
    expect(reader.questions).toEqual(['nothing', 'offset']);
  });

  it('is nothing after a server that has shut down', async () => {
    const [author, reader] = [device(), device()];
    await run(100);
    for (const letter of 'kept') {
      author.text.insert(0, letter);
      await run(100);
    }
    const closing = server.process.close();
    await run(500);
    await closing;
    expect(reader.sync.phase).toBe('closed');
    await crash(author, reader);
    await run(20_000, 100);
    expect(reader.questions).toEqual(['nothing', 'offset']);
  });
});
