// People who come into a room, show themselves and go, while others stay: what that costs, and that nobody is left behind in
// anybody's list.

import { encodeAwareness } from '../../server/room/awareness-codec.js';
import { AwarenessLedger } from '../load/awareness-ledger.js';
import { aFewAtATime, allDelivered, closeAll, openMany } from '../load/group.js';
import { Participant } from '../load/participant.js';
import type { Measurement } from '../measurement.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { leastCpuS, stretch } from './stretch.js';
import { windowRelay, withStorage } from './passed-over.js';

const visitors = 1_000;
const manyRooms = 200;
/** In all rooms together. */
const stayers = 200;
const firstClientId = 1_000;

export const comeAndGoOne = comeAndGo('come-and-go', 1, 'one room');
export const comeAndGoMany = comeAndGo('come-and-go-rooms', manyRooms, `${manyRooms} rooms`);

function comeAndGo(id: string, rooms: number, where: string): Scenario {
  return {
    id,
    title: `${visitors.toLocaleString('en')} clients come to ${where} and go, while ${stayers} stay`,
    passesOver: [windowRelay, withStorage],
    // A relay tells nobody that somebody is gone.
    needs: ['awareness', 'sync'],
    maxSeconds: 180,
    run: (context) => measure(context, rooms),
  };
}

interface Room {
  readonly name: string;
  readonly ledger: AwarenessLedger;
  readonly staying: readonly Participant[];
}

/** Throws DeliveryError when one who stays is told of somebody wrongly, MissingError when somebody stays in a list. */
async function measure(context: ScenarioContext, fullRooms: number): Promise<Measurement> {
  const { size } = context.settings;
  const count = scaled(visitors, size, 10);
  const rooms = await openRooms(context, Math.min(fullRooms, count), count, scaled(stayers, size, 4));
  const staying = rooms.flatMap((room) => room.staying);
  try {
    // The same people twice: a server that has just started has yet to compile what they ask of it.
    await visit(context, rooms, 0, Math.ceil(count / 2));
    for (const participant of staying) participant.resetCounts();
    const first = Math.ceil(count / 2);
    const { cpuS, limits } = await stretch(context, () => visit(context, rooms, first, count));
    const visits = count - first;
    // Who stays in one of many rooms sees but the visits of that one.
    const seen = (visits / rooms.length) * staying.length;
    const bytes = staying.reduce((sum, participant) => sum + participant.bytes, 0);
    return {
      figures: {
        bytesPerVisit: bytes / seen,
        ...(cpuS !== undefined && cpuS >= leastCpuS ? { cpuMsPerVisit: (cpuS * 1000) / visits } : {}),
      },
      ...limits,
    };
  } finally {
    closeAll(staying);
  }
}

async function openRooms(
  context: ScenarioContext,
  rooms: number,
  visits: number,
  staying: number,
): Promise<Room[]> {
  const opened: Room[] = [];
  for (let index = 0; index < rooms; index++) {
    const name = `come-and-go-${rooms}-${index}`;
    const scripts = Array.from({ length: Math.ceil(visits / rooms) }, (_, at) => ({
      clientId: firstClientId + at,
      states: [stateOf(at)],
    }));
    const ledger = new AwarenessLedger(scripts);
    const here = Math.max(1, Math.round(staying / rooms));
    const participants = await openMany(context, name, here, () => ({ awareness: ledger }));
    await Promise.all(participants.map((participant) => participant.sync()));
    opened.push({ name, ledger, staying: participants });
  }
  return opened;
}

/** Visitors from `first` to before `end` come, a few at a time; when all are seen by who stays, they go. */
async function visit(
  context: ScenarioContext,
  rooms: readonly Room[],
  first: number,
  end: number,
): Promise<void> {
  const staying = rooms.flatMap((room) => room.staying);
  const here = await aFewAtATime(end - first, async (index) => {
    const [room, client] = placeOf(rooms, first + index);
    const clientId = firstClientId + client;
    const participant = await Participant.open(context, room.name, { clientId });
    await participant.sync();
    room.ledger.sent(client, performance.now());
    const state = { clientId, clock: 1, state: stateOf(client) };
    participant.sendFrame(participant.awarenessFrame(encodeAwareness([state])));
    return participant;
  });
  await allDelivered(staying);
  for (const [index, participant] of here.entries()) {
    const [room, client] = placeOf(rooms, first + index);
    room.ledger.left(client);
    participant.close();
  }
  await allDelivered(staying);
}

function placeOf(rooms: readonly Room[], visitor: number): [Room, client: number] {
  return [rooms[visitor % rooms.length]!, Math.floor(visitor / rooms.length)];
}

function stateOf(client: number): string {
  return JSON.stringify({ user: { name: `visitor ${client}`, color: '#0f766e' } });
}
