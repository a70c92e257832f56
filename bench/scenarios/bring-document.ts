// Puts a document on a server through the protocol itself, as a client that has it would.

import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { splitUpdate } from '../../server/crdt/split-update.js';
import { documentOf, verifySame } from '../load/documents.js';
import { eventually } from '../load/group.js';
import { Participant } from '../load/participant.js';
import type { ScenarioContext } from './scenario.js';

/** Servers limit the size of a message, or how many client ids are in it: this is taken by all. */
const partBytes = 100_000;
const patienceMs = 30_000;

/**
 * Sends the updates that make up a document and waits until another client can read it. The client that brought it is
 * still there: without one, a server may forget what it has. Throws DeliveryError when it does not come to be readable.
 */
export async function bringDocument(
  context: ScenarioContext,
  room: string,
  updates: readonly Uint8Array[],
): Promise<Participant> {
  const author = await Participant.open(context, room);
  await author.sync();
  await bringMore(context, room, author, { before: [], updates });
  return author;
}

/** The same, for a document that has these updates `before`. */
export async function bringMore(
  context: ScenarioContext,
  room: string,
  author: Participant,
  { before, updates }: { readonly before: readonly Uint8Array[]; readonly updates: readonly Uint8Array[] },
): Promise<void> {
  for (const part of updates.flatMap((update) => splitUpdate(update, partBytes))) author.bring(part);
  await untilReadable(context, room, documentOf([...before, ...updates]));
  // Where updates have numbers, all are durable then, and the author knows where the document stands.
  if (context.protocol.acknowledgedBy === 'number')
    await eventually(`what was brought to ${room} was not acknowledged`, () => author.isSettled);
}

/** Resolves when a client that comes anew gets the whole document. Throws DeliveryError when none does. */
async function untilReadable(context: ScenarioContext, room: string, wanted: Y.Doc): Promise<void> {
  const until = performance.now() + patienceMs;
  for (let pauseMs = 20; ; pauseMs *= 2) {
    const found = documentOf([await readOnce(context, room)]);
    if (isSame(found, wanted)) return;
    if (performance.now() > until)
      verifySame(`${patienceMs} ms after it was brought, the document`, found, wanted);
    await sleep(pauseMs);
  }
}

/** What a client gets that comes, asks for everything, and goes. */
export async function readOnce(context: ScenarioContext, room: string): Promise<Uint8Array> {
  const reader = await Participant.open(context, room, { isSampled: true });
  await reader.sync();
  const received = reader.received();
  reader.close();
  return received;
}

/** Whether two documents hold the same, by what is there and what has been deleted. */
export function isSame(found: Y.Doc, wanted: Y.Doc): boolean {
  return Y.equalSnapshots(Y.snapshot(found), Y.snapshot(wanted));
}
