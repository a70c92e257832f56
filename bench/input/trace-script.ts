// The updates that come of a trace when each of its agents has a Yjs client: made up front, to be replayed by anybody.

import * as Y from 'yjs';
import { CodePoints, hasPairs } from './code-points.js';
import { prepared } from './prepared.js';
import type { PreparedUpdate } from './script.js';
import { textName } from './text-name.js';
import { TraceError, type Patch, type Trace } from './trace-file.js';

export interface TraceUpdate extends PreparedUpdate {
  /** Counted from 0: whose it is. Each has a client id of its own. */
  readonly agent: number;
  /** Indexes of the earlier updates it was made on top of, the agent's own last one among them, and all those depend on. */
  readonly dependsOn: readonly number[];
}

export interface TraceScript {
  readonly agents: number;
  /** In an order in which each comes after all it depends on. */
  readonly updates: readonly TraceUpdate[];
  /** All updates together, as a Y.Doc that has applied them encodes itself. */
  readonly document: Uint8Array;
  /** What the text is when everything has been applied: the trace's own, unless Yjs orders concurrent inserts otherwise. */
  readonly endContent: string;
  readonly isSourceContent: boolean;
}

/** Throws TraceError when the trace does not end in its endContent although nothing in it is concurrent. */
export function traceScript(trace: Trace): TraceScript {
  // Which of two concurrent inserts at one place comes first is up to the client ids: both orders are tried.
  const ascending = new Recording(trace, 1).script();
  if (ascending.isSourceContent) return ascending;
  if (!trace.isConcurrent) throw new TraceError('the edits of the trace do not end in its endContent');
  const descending = new Recording(trace, -1).script();
  return descending.isSourceContent ? descending : ascending;
}

/** What a version holds: how many updates of each agent, by agent; absent means none. */
type Version = readonly (number | undefined)[];

/** One agent at work. */
class Agent {
  /** In the trace. Who went on from a version without their own last edit counts as two. */
  readonly person: number;
  readonly clientId: number;
  readonly text: Y.Text;
  readonly points = new CodePoints();
  /** Indexes of its updates. */
  readonly made: number[] = [];
  readonly #ydoc = new Y.Doc();
  #has: Version = [];
  #update: Uint8Array | undefined;

  constructor(person: number, clientId: number) {
    this.person = person;
    this.clientId = clientId;
    this.#ydoc.clientID = clientId;
    this.text = this.#ydoc.getText(textName);
    this.#ydoc.on('update', (update: Uint8Array, _origin, _ydoc, transaction: Y.Transaction) => {
      if (transaction.local) this.#update = update;
    });
  }

  /** Takes in what others did, up to a version that it has nothing beyond. Returns whether that was anything. */
  integrate(version: Version, agents: readonly Agent[], updates: readonly TraceUpdate[]): boolean {
    const missing = agents.flatMap(({ made }, other) =>
      agents[other] === this ? [] : made.slice(this.#has[other] ?? 0, version[other] ?? 0),
    );
    this.#has = version;
    if (missing.length === 0) return false;
    missing.sort((a, b) => a - b);
    Y.transact(
      this.#ydoc,
      () => {
        for (const index of missing) Y.applyUpdate(this.#ydoc, updates[index]!.update);
      },
      undefined,
      false,
    );
    return true;
  }

  /** The update that comes of a change; undefined when it changes nothing. */
  change(run: () => void): Uint8Array | undefined {
    this.#update = undefined;
    this.#ydoc.transact(run);
    return this.#update;
  }

  document(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#ydoc);
  }
}

/** Plays a trace once. */
class Recording {
  readonly #trace: Trace;
  readonly #direction: 1 | -1;
  readonly #agents: Agent[] = [];
  readonly #updates: TraceUpdate[] = [];
  /** After each transaction: what there is, and the last updates of it. */
  readonly #after: { readonly version: Version; readonly heads: readonly number[] }[] = [];
  readonly #hasPairs: boolean;

  constructor(trace: Trace, direction: 1 | -1) {
    this.#trace = trace;
    this.#direction = direction;
    const isWide = trace.txns.some(({ patches }) => patches.some(([, , inserted]) => hasPairs(inserted)));
    this.#hasPairs = isWide || hasPairs(trace.startContent);
  }

  script(): TraceScript {
    const { startContent, txns } = this.#trace;
    const start = { version: [], heads: [] };
    const first = startContent === '' ? start : this.#add(0, start, [[0, 0, startContent]]);
    for (const { agent, parents, patches } of txns) {
      const [only, ...others] = parents.map((parent) => this.#after[parent]!);
      const base = only === undefined ? first : others.reduce(joined, only);
      this.#after.push(this.#add(agent, base, patches));
    }
    const reader = this.#reader();
    const endContent = reader.text.toString();
    return {
      agents: this.#agents.length,
      updates: this.#updates,
      document: reader.document(),
      endContent,
      isSourceContent: endContent === this.#trace.endContent,
    };
  }

  #add(person: number, base: Recorded, patches: readonly Patch[]): Recorded {
    const { version, heads } = base;
    const index = this.#find(person, version);
    const agent = this.#agents[index]!;
    const isNew = agent.integrate(version, this.#agents, this.#updates);
    if (isNew && this.#hasPairs) agent.points.reset(agent.text.toString());
    const update = agent.change(() => this.#apply(agent, patches));
    if (update === undefined) return base;
    agent.made.push(this.#updates.length);
    this.#updates.push({ ...prepared(update, agent.clientId), agent: index, dependsOn: heads });
    const after = [...version];
    after[index] = agent.made.length;
    return { version: after, heads: [this.#updates.length - 1] };
  }

  /** An edit beyond the end, which Yjs cannot do, is made at the end: the text is then another one, which is noticed. */
  #apply({ text, points }: Agent, patches: readonly Patch[]): void {
    for (const [position, deleted, inserted] of patches) {
      const start = Math.min(points.unitOf(position), text.length);
      const end = Math.min(points.unitOf(position + deleted), text.length);
      if (end > start) text.delete(start, end - start);
      if (inserted !== '') text.insert(start, inserted);
      if (this.#hasPairs) points.splice(start, end - start, inserted);
    }
  }

  /** The agent that can go on from a version: one that has nothing beyond it. */
  #find(person: number, version: Version): number {
    const known = this.#agents.findIndex(
      (agent, index) => agent.person === person && agent.made.length === (version[index] ?? 0),
    );
    if (known !== -1) return known;
    const clientId = 0x8000_0000 + this.#direction * (person * 100_003 + this.#agents.length);
    return this.#agents.push(new Agent(person, clientId)) - 1;
  }

  /** Somebody with everything; best the one whose edit was last. */
  #reader(): Agent {
    const reader = this.#agents[this.#updates.at(-1)?.agent ?? this.#find(0, [])]!;
    const everything = this.#agents.map(({ made }) => made.length);
    reader.integrate(everything, this.#agents, this.#updates);
    return reader;
  }
}

interface Recorded {
  readonly version: Version;
  readonly heads: readonly number[];
}

/** Two versions merged. */
function joined(left: Recorded, right: Recorded): Recorded {
  const length = Math.max(left.version.length, right.version.length);
  const version = Array.from({ length }, (_, agent) =>
    Math.max(left.version[agent] ?? 0, right.version[agent] ?? 0),
  );
  return { version, heads: [...new Set([...left.heads, ...right.heads])] };
}
