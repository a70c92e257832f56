// Those who do nothing, for whom a server keeps something in memory.

import { closeAll, openMany } from '../load/group.js';
import type { Participant } from '../load/participant.js';
import { DeliveryError } from '../measurement.js';
import type { ScenarioContext } from './scenario.js';

/** Connections that have asked for everything, where there is anything to ask for, and then say nothing. */
export async function openIdle(
  context: ScenarioContext,
  rooms: readonly string[],
  perRoom: number,
): Promise<Participant[]> {
  const all: Participant[] = [];
  for (const room of rooms) {
    const opened = await openMany(context, room, perRoom);
    if (context.capabilities.has('sync')) await Promise.all(opened.map((one) => one.sync()));
    all.push(...opened);
  }
  context.progress(`${all.length} idle connections are open`);
  return all;
}

/** Names of rooms. */
export function roomNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** Closes connections that must have been open until now: one that the server ended takes no memory. */
export function closeOpen(participants: readonly Participant[]): void {
  const gone = participants.filter(({ isClosed }) => isClosed);
  closeAll(participants);
  if (gone.length > 0)
    throw new DeliveryError(
      `${gone.length} of ${participants.length} idle connections ended: ${gone[0]!.fault}`,
    );
}
