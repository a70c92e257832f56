// Many participants at once, and waiting until they have what they should.

import { verifySame } from './documents.js';
import type { Ledger } from './ledger.js';
import { MissingError } from './missing-error.js';
import { Participant, type ParticipantContext, type ParticipantOptions } from './participant.js';

/** Connections that are being opened at the same time: more than that and a server's backlog is what is measured. */
const atOnce = 32;
const pollMs = 5;

/** Opens participants in one room, a few at a time. Rejects, with all closed again, when one cannot be opened. */
export async function openMany(
  context: ParticipantContext,
  room: string,
  count: number,
  options: (index: number) => ParticipantOptions = () => ({}),
): Promise<Participant[]> {
  return aFewAtATime(count, (index) => Participant.open(context, room, options(index)));
}

/** Opens whatever `open` opens. */
export async function aFewAtATime(
  count: number,
  open: (index: number) => Promise<Participant>,
): Promise<Participant[]> {
  const opened: Participant[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      opened[index] = await open(index);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count) }, worker));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return opened;
  closeAll(opened.filter((participant) => participant !== undefined));
  throw failed.reason;
}

export function closeAll(participants: readonly Participant[]): void {
  for (const participant of participants) participant.close();
}

/** Waits until a condition holds; rejects with MissingError `what` when it does not in time. */
export async function eventually(what: string, holds: () => boolean, maxMs = 10_000): Promise<void> {
  const until = performance.now() + maxMs;
  while (!holds()) {
    if (performance.now() > until) throw new MissingError(`${what} within ${maxMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Waits until all have received what the others sent; rejects with a DeliveryError that names what is wrong or missing. */
export async function allDelivered(participants: readonly Participant[], maxMs?: number): Promise<void> {
  let waiting = participants;
  const isDone = (): boolean => {
    waiting = waiting.filter((one) => one.missing > 0 || (one.states?.missing ?? 0) > 0);
    return waiting.length === 0 || waiting.some(({ isLost }) => isLost);
  };
  const late = await eventually('not everything was delivered', isDone, maxMs).catch((error: Error) => error);
  // What is wrong with one tells more than what is late for others.
  for (const participant of waiting.filter(({ isLost }) => isLost)) participant.verify();
  for (const participant of participants) participant.verify();
  if (late !== undefined) throw late;
}

/**
 * Checks that everybody has everything the others sent, in each writer's order, and that the documents of sampled ones
 * equal what was sent. Throws DeliveryError that names what is missing.
 */
export function verifyDocuments(ledger: Ledger, participants: readonly Participant[]): void {
  for (const participant of participants) participant.verify();
  const sampled = participants.filter(({ isSampled }) => isSampled);
  if (sampled.length === 0) return;
  const expected = ledger.document();
  for (const participant of sampled) verifySame(`${participant.name}:`, participant.document(), expected);
}
