// What must be true of a world some time after its faults have ended: everybody who is connected has what is stored, and
// nothing else; everything that was sent was answered; who is here is seen, and who has gone is not.

import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import { contentOf, rootsOf } from '../support/histories.js';
import type { Copy, HonestAgent } from './agent.js';
import { NativeAgent } from './native-agent.js';
import { StockAgent } from './stock-agent.js';
import { Violation } from './violation.js';
import type { World } from './world.js';

/** Held updates are given up after ten seconds, so all else is answered by then. */
const answeredWithinMs = 11_000;

interface Member {
  readonly agent: HonestAgent;
  readonly copy: Copy;
}

export async function judge(world: World, isLast: boolean): Promise<void> {
  world.ledger.checkForbidden();
  for (const document of world.documents) {
    if (world.disk.damaged.has(document)) continue;
    const stored = await storedDocument(world, document);
    const members = membersOf(world, document);
    for (const member of members) judgeMember(world, member, stored);
    if (isLast) judgePresence(world, document, members);
  }
  for (const agent of [...world.honest, ...world.raw]) {
    if (agent instanceof StockAgent) continue;
    const waiting = (agent as NativeAgent).unanswered(answeredWithinMs);
    if (waiting.length > 0) throw new Violation('N3', `${agent.name} has no answer to ${waiting.join(', ')}`);
  }
  await world.timeline.turn();
}

/** C1: to open a document changes nothing, and shows what is stored. */
export async function judgeVisit(world: World): Promise<void> {
  for (const document of world.documents) {
    if (world.disk.damaged.has(document)) continue;
    const updates = await world.disk.updatesOf(document);
    if (updates.length === 0) continue;
    const whole = opened([Y.mergeUpdates(updates)]);
    const visitor = world.visitor(document);
    visitor.connect();
    await world.timeline.pass(2_000);
    const [copy] = visitor.copies;
    const shown = formatted(visitor.doc);
    const { unmeant } = visitor;
    visitor.end();
    if (copy?.isSynced !== true)
      throw new Violation('C4', `a visitor of ${document} is not in sync after 2 s`);
    if (unmeant.length > 0 && !whole.hasTidied)
      throw new Violation(
        'C1',
        `to open ${document} made the edit ${Buffer.from(unmeant[0]!).toString('hex')}`,
      );
    // Whose id somebody else was the first to write under goes on from words of its own that nobody else has. Where others have
    // the forged ones, what it places between two words may lie between none, and Yjs then has no one order for it.
    if (world.ledger.hasLostIds(document)) continue;
    if (!isDeepStrictEqual(shown, formatted(whole.doc)))
      throw new Violation(
        'C1',
        `a visitor of ${document} shows ${JSON.stringify(shown)}, not ${JSON.stringify(formatted(whole.doc))}`,
      );
  }
}

/**
 * What was shown before it was durable, and was lost with the server and with its author's page, stays with those who saw it
 * until they compare (ARCHITECTURE.md, "A cursor is durable"). So they compare.
 */
export async function compareLeftovers(world: World): Promise<void> {
  if (world.restarts === 0) return;
  let isAny = false;
  for (const document of world.documents) {
    if (world.disk.damaged.has(document)) continue;
    const stored = await storedDocument(world, document);
    for (const { agent, copy } of membersOf(world, document)) {
      if (!(agent instanceof NativeAgent) || !copy.isSynced || copy.access !== 'write') continue;
      if (isDeepStrictEqual(contentOf(copy.doc), contentOf(stored)) || !holdsMore(copy.doc, stored)) continue;
      agent.compare(document);
      isAny = true;
    }
  }
  if (isAny) await world.timeline.pass(3_000);
}

/** Whether a copy has all that is stored, deletions too, and perhaps more. */
function holdsMore(doc: Y.Doc, stored: Y.Doc): boolean {
  const clocks = Y.decodeStateVector(Y.encodeStateVector(stored));
  const hasAll = [...clocks].every(([client, clock]) => Y.getState(doc.store, client) >= clock);
  const { clients: has } = Y.createDeleteSetFromStructStore(doc.store);
  const { clients: should } = Y.createDeleteSetFromStructStore(stored.store);
  return hasAll && [...should].every(([client, ranges]) => covers(has.get(client) ?? [], ranges));
}

type Ranges = readonly { readonly clock: number; readonly len: number }[];

/** Ranges of one document that touch each other are one. */
function covers(has: Ranges, should: Ranges): boolean {
  return should.every(({ clock, len }) =>
    has.some((range) => range.clock <= clock && clock + len <= range.clock + range.len),
  );
}

function judgeMember(world: World, { agent, copy }: Member, stored: Y.Doc): void {
  const { document, doc } = copy;
  const who = `${agent.name} of ${document}`;
  if (copy.access === 'none' || world.ledger.isLost(document, doc)) return;
  // A reader may delete what somebody else has deleted meanwhile: then there is nothing to refuse.
  if (copy.hasRefused && (copy.wasToldOfIt || !holdsMore(stored, doc))) {
    if (!copy.wasToldOfIt) throw new Violation('A4', `${who} was not told that its edits are refused`);
    return;
  }
  if (!copy.isSynced) throw new Violation('C4', `${who} is not in sync`);
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
    throw new Violation('C4', `${who} waits for something that does not come`);
  if (copy.access === 'write' && (copy.unacknowledged ?? 0) > 0)
    throw new Violation('N3', `${who} has ${copy.unacknowledged} edits that are not acknowledged`);
  const isExact = !world.shape.hasFormats;
  const [has, should] = [contentOf(doc, isExact), contentOf(stored, isExact)];
  if (isDeepStrictEqual(has, should)) return;
  // What a killed server has lost, which may be nothing but a deletion, stays with a reader, who cannot bring it back
  // (ARCHITECTURE.md, "A cursor is durable").
  if (copy.access === 'read' && world.restarts > 0 && holdsMore(doc, stored) && !holdsMore(stored, doc))
    return;
  const isSame = isDeepStrictEqual(has['stateVector'], should['stateVector']);
  throw new Violation(isSame ? 'C3' : 'C4', `${who} has ${difference(has, should)}`);
}

function judgePresence(world: World, document: DocumentName, members: readonly Member[]): void {
  for (const { agent, copy } of members) {
    if (!copy.isSynced) continue;
    for (const other of members) {
      const id = other.copy.presenceId;
      if (other.agent === agent || world.ledger.stolenIds.has(id) || other.copy.access === 'none') continue;
      if (world.ledger.isLost(document, other.copy.doc)) continue;
      const sees = copy.sees.has(id);
      // A stock client that comes back shows others once they have renewed their presence beyond what it knew before: that
      // may take several renewals.
      if (!sees && (agent.returns > 0 || world.restarts > 0)) continue;
      if (sees !== other.copy.isPresent)
        throw new Violation(
          'P2',
          `${agent.name} ${sees ? 'still sees' : 'does not see'} ${other.agent.name} in ${document}`,
        );
    }
  }
}

function membersOf(world: World, document: DocumentName): Member[] {
  return world.honest.flatMap((agent) =>
    agent.copies.filter((copy) => copy.document === document).map((copy) => ({ agent, copy })),
  );
}

async function storedDocument(world: World, document: DocumentName): Promise<Y.Doc> {
  const doc = new Y.Doc();
  rootsOf(doc);
  for (const update of await world.disk.updatesOf(document)) Y.applyUpdate(doc, update);
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
    throw new Violation('C2', `what is stored of ${document} depends on something that is not`);
  return doc;
}

/** A document that is opened by somebody who knows its types, and whether Yjs has tidied it then. */
function opened(updates: readonly Uint8Array[]): { doc: Y.Doc; hasTidied: boolean } {
  const doc = new Y.Doc();
  rootsOf(doc);
  let hasTidied = false;
  doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin !== 'stored') hasTidied = true;
  });
  for (const update of updates) Y.applyUpdate(doc, update, 'stored');
  return { doc, hasTidied };
}

function formatted(doc: Y.Doc): unknown {
  return JSON.parse(JSON.stringify([doc.getText('rich').toDelta(), doc.getText('text').toDelta()]));
}

function difference(has: Record<string, unknown>, should: Record<string, unknown>): string {
  const name = Object.keys(should).find((key) => !isDeepStrictEqual(has[key], should[key])) ?? '';
  const shorten = (value: unknown): string => {
    const json =
      JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ??
      '';
    return json.length > 300 ? `${json.slice(0, 300)}…` : json;
  };
  return `${name} ${shorten(has[name])} instead of ${shorten(should[name])}`;
}
