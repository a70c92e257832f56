// What a commenter may write, compared with Yjs itself: random documents, random edits, restarts from checkpoints.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { rootOf } from '../../../client/crdt/delete-scope.js';
import { writeUpdate } from '../../../client/crdt/split-update.js';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex, type Verdict } from '../../../server/crdt/causal-index.js';
import type { Scope } from '../../../server/crdt/comment-scope.js';
import { rootNames } from '../../../server/crdt/document-state.js';
import { Random } from '../../support/histories.js';

const seeds = Array.from(
  { length: Number(process.env.SEEDS ?? 6) },
  (_, i) => i * 7919 + Number(process.env.FIRST_SEED ?? 1),
);
const commentRoots = ['comments', 'thréads'];
const offering = 'comments-only-deletes-left-out';

/** All that is shown outside of the comment roots. */
function mainOf(doc: Y.Doc): string {
  return JSON.stringify([
    doc.getText('text').toDelta(),
    doc.getXmlFragment('xml').toString(),
    doc.getMap('meta').toJSON(),
    doc.getArray('list').toJSON(),
  ]);
}

function commentsOf(doc: Y.Doc): string {
  return JSON.stringify([doc.getMap('comments').toJSON(), doc.getArray('thréads').toJSON()]);
}

/** A server's document: the index that judges, and what two Y.Docs make of all that was taken, one of them without GC. */
class Server {
  index = new CausalIndex(defaultLimits, rootNames(commentRoots));
  isBroken = false;
  readonly log: Uint8Array[] = [];
  readonly doc = new Y.Doc();
  readonly hoarder = new Y.Doc({ gc: false });

  take(update: Uint8Array, scope: Scope): Verdict {
    const verdict = this.index.judge(update, undefined, scope);
    if (verdict.outOfScope === 'something' || verdict.outcome !== 'new') return verdict;
    const before = [this.doc, this.hoarder].map(mainOf);
    this.index.apply(verdict);
    this.log.push(verdict.update);
    try {
      for (const doc of [this.doc, this.hoarder]) Y.applyUpdate(doc, verdict.update);
    } catch {
      // Some forged structs make Yjs throw, whoever sends them: what is tried for its cost is found, the rest is not.
      this.isBroken = true;
      return verdict;
    }
    const after = [this.doc, this.hoarder].map(mainOf);
    if (scope !== 'anywhere' && after.join() !== before.join())
      throw new Error(`a commenter has made ${after.join()} of ${before.join()}`);
    return verdict;
  }

  /** From the checkpoint, in which bare ids stand for what was inside of deleted types. */
  restart(): void {
    this.index = new CausalIndex(defaultLimits, rootNames(commentRoots));
    this.index.load(Y.encodeStateAsUpdate(this.doc));
  }
}

/** A client, with what its last transaction changed: by Yjs' own account, before anything is collected. */
class Client {
  readonly doc: Y.Doc;
  readonly updates: Uint8Array[] = [];
  roots = new Set<string>();
  #read = 0;

  constructor(gc: boolean) {
    this.doc = new Y.Doc({ gc });
    this.doc.on('update', (update: Uint8Array, _origin, _doc, { local }: Y.Transaction) => {
      if (local) this.updates.push(update);
    });
    this.doc.on('afterTransaction', (transaction: Y.Transaction) => {
      if (transaction.local) this.#note(transaction);
    });
  }

  /** Reads on in the server's log. What Yjs tidies meanwhile is among `updates`. */
  read({ log }: Server, count = Infinity): void {
    for (; this.#read < log.length && count > 0; count--)
      Y.applyUpdate(this.doc, log[this.#read++]!, 'server');
  }

  edit(change: (doc: Y.Doc) => void): Uint8Array | undefined {
    this.roots = new Set();
    this.updates.length = 0;
    this.doc.transact(() => change(this.doc));
    return this.updates.length === 0 ? undefined : Y.mergeUpdates(this.updates.splice(0));
  }

  get isComment(): boolean {
    return [...this.roots].every((root) => commentRoots.includes(root));
  }

  #note({ beforeState, afterState, deleteSet, doc }: Y.Transaction): void {
    for (const [client, structs] of doc.store.clients)
      if (afterState.get(client) !== beforeState.get(client))
        for (const struct of structs)
          if (struct.id.clock >= (beforeState.get(client) ?? 0)) this.#noteRoot(struct);
    for (const [client, ranges] of deleteSet.clients)
      for (const { clock, len } of ranges)
        for (let at = clock; at < clock + len;) {
          const struct = Y.getItem(doc.store, Y.createID(client, at)) as Y.Item | Y.GC;
          this.#noteRoot(struct);
          at = struct.id.clock + struct.length;
        }
  }

  #noteRoot(struct: Y.Item | Y.GC): void {
    if (!(struct instanceof Y.Item)) return;
    this.roots.add(rootOf(struct));
  }
}

/** Changes the text, the elements, a map or a list. */
function editMain(doc: Y.Doc, random: Random): void {
  const text = doc.getText('text');
  const xml = doc.getXmlFragment('xml');
  const at = random.int(text.length + 1);
  switch (random.int(8)) {
    case 0:
    case 1:
      return text.insert(at, random.pick(['a', 'bc', 'def']), random.pick([{}, { bold: true }]));
    case 2:
      return text.delete(at, Math.min(2, text.length - at));
    case 3:
      return text.format(at, Math.min(3, text.length - at), { bold: random.pick([true, null]) });
    case 4: {
      const paragraph = new Y.XmlElement('p');
      paragraph.setAttribute('style', 'x');
      paragraph.insert(0, [new Y.XmlText('in it')]);
      return xml.insert(random.int(xml.length + 1), [paragraph]);
    }
    case 5:
      if (xml.length > 0) xml.delete(random.int(xml.length), 1);
      return;
    case 6:
      doc.getMap('meta').set(random.pick(['title', 'tags']), random.pick(['x', new Y.Array(), 1]));
      return;
    default:
      return doc.getArray('list').insert(0, [random.pick([1, 'two', new Y.Map()])]);
  }
}

/** Makes, answers, changes or deletes comments. */
function editComments(doc: Y.Doc, random: Random): void {
  const comments = doc.getMap<Y.Map<unknown>>('comments');
  const keys = [...comments.keys()];
  const thread = comments.get(random.pick([...keys, '']));
  const replies = thread?.get('replies') as Y.Array<unknown> | undefined;
  const body = thread?.get('body') as Y.Text | undefined;
  switch (random.int(7)) {
    case 0:
    case 1: {
      const made = new Y.Map<unknown>([['resolved', false]]);
      made.set('replies', new Y.Array());
      made.set('body', new Y.Text('why?'));
      return void comments.set(`c${random.int(4)}`, made);
    }
    case 2:
      return replies?.insert(random.int(replies.length + 1), [
        random.pick(['yes', new Y.Map([['by', 'ann']])]),
      ]);
    case 3:
      return body?.insert(random.int(body.length + 1), 'no', random.pick([{}, { italic: true }]));
    case 4:
      return body?.format(0, body.length, { italic: random.pick([true, null]) });
    case 5:
      return void (thread !== undefined && comments.delete(random.pick(keys)));
    default:
      return doc.getArray('thréads').insert(0, [random.pick([1, new Y.Map([['a', 1]])])]);
  }
}

describe.each(seeds)('A19: a commenter (seed %i)', (seed) => {
  it('changes what is under the comment roots, and nothing else', () => {
    const random = new Random(seed);
    const server = new Server();
    const writers = [new Client(true), new Client(false)];
    let commenters = [new Client(true), new Client(false)];
    for (let step = 0; step < 60; step++) {
      if (random.chance(0.08)) server.restart();
      for (const client of [...writers, ...commenters])
        if (random.chance(0.6)) client.read(server, random.int(9));
      if (random.chance(0.5)) {
        const writer = random.pick(writers);
        const update = writer.edit((doc) => random.pick([editMain, editMain, editComments])(doc, random));
        // With what its Yjs has tidied.
        if (update !== undefined) server.take(update, 'anywhere');
      }
      const commenter = random.pick(commenters);
      const update = commenter.edit((doc) => {
        editComments(doc, random);
        if (random.chance(0.15)) editMain(doc, random);
      });
      if (update === undefined) continue;
      const { outOfScope, outcome } = server.take(update, 'comments');
      // What somebody else has deleted meanwhile is known.
      if (commenter.isComment)
        expect([`nothing, new`, `nothing, known`]).toContain(`${outOfScope}, ${outcome}`);
      if (outOfScope === 'nothing') continue;
      expect(server.take(Y.encodeStateAsUpdate(commenter.doc), 'comments').outOfScope).toBe('something');
      // What it wrote there is in its document for good; a new one goes on.
      commenters = commenters.map((one) => (one === commenter ? new Client(random.chance(0.5)) : one));
    }
    expect(server.isBroken).toBe(false);
    expect(commentsOf(server.doc)).toBe(commentsOf(server.hoarder));
  });

  it('A21: brings comments by an offer that tells all that its document has deleted', () => {
    const random = new Random(seed);
    const server = new Server();
    const writer = new Client(true);
    const commenter = new Client(random.chance(0.5));
    for (let step = 0; step < 40; step++) {
      const update = writer.edit((doc) => random.pick([editMain, editComments])(doc, random));
      if (update !== undefined) server.take(update, 'anywhere');
      commenter.read(server);
      // Tidied marks are in its document; letters that it deletes are, too.
      if (random.chance(0.1))
        commenter.edit((doc) => void (doc.getText('text').length > 0 && doc.getText('text').delete(0, 1)));
      commenter.edit((doc) => editComments(doc, random));
      if (random.chance(0.2)) server.restart();
      const offer = Y.encodeStateAsUpdate(commenter.doc, server.index.stateVector());
      const { outOfScope } = server.take(offer, offering);
      expect(outOfScope).not.toBe('something');
      expect(commentsOf(server.doc)).toBe(commentsOf(commenter.doc));
      writer.read(server);
      expect(server.take(Y.encodeStateAsUpdate(server.doc), 'comments').outcome).toBe('known');
    }
    expect(server.isBroken).toBe(false);
  });

  it('gets nothing else into the document by forged updates', () => {
    const random = new Random(seed);
    const server = new Server();
    const writer = new Client(true);
    let taken = 0;
    for (let step = 0; step < 30; step++) {
      const update = writer.edit((doc) => {
        editMain(doc, random);
        editComments(doc, random);
      });
      if (update !== undefined) server.take(update, 'anywhere');
      if (random.chance(0.1)) server.restart();
      for (let each = 0; each < 10 && !server.isBroken && server.log.length > 0; each++)
        if (isTaken(server, forged(server.doc, random, 1000 + step))) taken++;
    }
    expect(taken > 0 || server.isBroken).toBe(true);
  });
});

/** One struct that names random ids, roots and keys, and some deletions. */
function forged(doc: Y.Doc, random: Random, client: number): Uint8Array {
  const structs = [...doc.store.clients.values()].flat();
  const idOf = (): Y.ID => {
    const { id, length } = random.pick(structs);
    return Y.createID(id.client, id.clock + random.int(length));
  };
  const clock = Y.getState(doc.store, client);
  const [origin, right] = [random.chance(0.5) ? idOf() : null, random.chance(0.5) ? idOf() : null];
  const isFree = origin === null && right === null;
  const parent = isFree
    ? random.chance(0.5)
      ? idOf()
      : random.pick(['text', 'meta', ...commentRoots])
    : null;
  const key = isFree && random.chance(0.5) ? random.pick(['title', 'c1', 'style']) : null;
  const content = random.pick([
    () => new Y.ContentString('forged'),
    () => new Y.ContentAny(['forged']),
    () => new Y.ContentDeleted(1 + random.int(3)),
    () => new Y.ContentType(new Y.Map()),
    () => new Y.ContentFormat('bold', true),
  ])();
  const id = Y.createID(client, clock);
  const struct = random.chance(0.1)
    ? new Y.GC(id, 1)
    : new Y.Item(id, null, origin, null, right, parent as never, key, content);
  const deletes = Y.createDeleteSet();
  if (random.chance(0.3)) {
    const of = idOf();
    deletes.clients.set(of.client, [{ clock: of.clock, len: 1 }]);
  }
  return writeUpdate(random.chance(0.8) ? [struct] : [], deletes);
}

function isTaken(server: Server, update: Uint8Array): boolean {
  try {
    const { outcome, outOfScope } = server.take(update, 'comments');
    return outcome === 'new' && outOfScope === 'nothing';
  } catch (error) {
    if (error instanceof SyncError && error.code === 'UPDATE_INVALID') return false;
    throw error;
  }
}

/** Deleted content of one id between two others. */
function deletedAt(left: Y.ID, right: Y.ID): Y.Item {
  return new Y.Item(Y.createID(7, 0), null, left, null, right, null, null, new Y.ContentDeleted(1));
}

describe('A19: an update of a commenter', () => {
  it('of which something is missing is not taken before the rest is there, and then whole or not at all', () => {
    const server = new Server();
    const client = new Client(true);
    const first = client.edit((doc) => doc.getMap('comments').set('a', 1))!;
    const second = client.edit((doc) => doc.getMap('comments').set('b', new Y.Map()))!;
    const third = client.edit((doc) => doc.getText('text').insert(0, 'x'))!;
    expect(server.take(second, 'comments')).toMatchObject({ outcome: 'blocked', isIncomplete: true });
    const later = Y.mergeUpdates([first, third]);
    expect(server.take(later, 'comments')).toMatchObject({ outcome: 'blocked', outOfScope: 'nothing' });
    expect(server.take(first, 'comments').outcome).toBe('new');
    expect(server.take(second, 'comments').outcome).toBe('new');
    expect(server.take(later, 'comments').outOfScope).toBe('something');
  });

  it('names no neighbour elsewhere, on either side: versions of Yjs differ in which one they go by', () => {
    const server = new Server();
    const writer = new Client(true);
    server.take(
      writer.edit((doc) => {
        doc.getText('text').insert(0, 'a');
        doc.getArray('thréads').insert(0, [1]);
      })!,
      'anywhere',
    );
    const [text, list] = [0, 1].map((clock) => Y.createID(writer.doc.clientID, clock));
    for (const [left, right] of [
      [list, text],
      [text, list],
    ]) {
      const item = new Y.Item(
        Y.createID(7, 0),
        null,
        left!,
        null,
        right!,
        null,
        null,
        new Y.ContentString('x'),
      );
      expect(server.take(writeUpdate([item], Y.createDeleteSet()), 'comments').outOfScope).toBe('something');
    }
  });

  it('brings no deleted content between comments and the rest: some versions of Yjs would delete the neighbour for it', () => {
    const server = new Server();
    const writer = new Client(true);
    server.take(
      writer.edit((doc) => {
        doc.getText('text').insert(0, 'a');
        doc.getMap('comments').set('a', 1);
        doc.getArray('thréads').insert(0, [1]);
      })!,
      'anywhere',
    );
    const [text, keyed, list] = [0, 1, 2].map((clock) => Y.createID(writer.doc.clientID, clock));
    for (const [left, right] of [
      [text, keyed],
      [list, text],
      [text, list],
    ]) {
      const update = writeUpdate([deletedAt(left!, right!)], Y.createDeleteSet());
      expect(server.take(update, 'comments').outOfScope).toBe('something');
    }
  });

  it.each([false, true])(
    'follows no content with one neighbour elsewhere, whoever wrote that (restart: %s)',
    (isRestarted) => {
      const server = new Server();
      const writer = new Client(true);
      server.take(
        writer.edit((doc) => {
          doc.getText('text').insert(0, 'a');
          doc.getArray('thréads').insert(0, [1]);
        })!,
        'anywhere',
      );
      const [text, list] = [0, 1].map((clock) => Y.createID(writer.doc.clientID, clock));
      // To a Yjs that goes by the right neighbour it is in the text, and so is all that follows it.
      const between = writeUpdate([deletedAt(list!, text!)], Y.createDeleteSet());
      expect(server.take(between, 'anywhere').outcome).toBe('new');
      if (isRestarted) server.restart();
      const id = Y.createID(8, 0);
      const content = new Y.ContentString('x');
      const after = new Y.Item(id, null, Y.createID(7, 0), null, null, null, null, content);
      expect(server.take(writeUpdate([after], Y.createDeleteSet()), 'comments').outOfScope).toBe('something');
    },
  );

  it('may bring deleted content where it was refused before, but not as the value of a key', () => {
    const server = new Server();
    const writer = new Client(true);
    server.take(
      writer.edit((doc) => {
        doc.getText('text').insert(0, 'abc');
        doc.getMap('meta').set('title', 'x');
      })!,
      'anywhere',
    );
    const { client } = [...writer.doc.store.clients.values()][0]![0]!.id;
    const deleted = (clock: number, origin: number, length: number): Uint8Array => {
      const id = Y.createID(7, clock);
      const item = new Y.Item(
        id,
        null,
        Y.createID(client, origin),
        null,
        null,
        null,
        null,
        new Y.ContentDeleted(length),
      );
      const deletes = Y.createDeleteSet();
      deletes.clients.set(7, [{ clock, len: length }]);
      return writeUpdate([item], deletes);
    };
    expect(server.take(deleted(0, 1, 4), 'comments')).toMatchObject({
      outcome: 'new',
      outOfScope: 'nothing',
    });
    expect(server.take(deleted(4, 3, 1), 'comments').outOfScope).toBe('something');
  });
});
