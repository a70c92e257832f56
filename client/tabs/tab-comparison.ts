// Who lacks what: the tabs tell each other what they have, and each asks for what it lacks. Owns whether the siblings know
// what this tab has, and the question that is under way.

import * as Y from 'yjs';
import type { Clock, Timer } from '../../shared/clock.js';
import { HeldContent } from '../crdt/held-content.js';
import { answerTo, mayLack, summaryOf, wantOf } from './comparison.js';
import { partsOf } from './parts.js';
import type { Sibling, Siblings } from './siblings.js';
import type { Greeting, Part, Saying, Summary } from './tab-messages.js';
import { toldTable, type Told, type ToldEvent } from './told.js';

/** A tab that does not answer within this time is not waited for, ms: it may be frozen. */
const answerMs = 5_000;

export interface TabComparisonDeps {
  readonly doc: Y.Doc;
  readonly clock: Clock;
  readonly siblings: Siblings;
  readonly say: (saying: Saying) => void;
  /** What a greeting carries beside the summary. */
  readonly greeting: () => Omit<Greeting, 'summary'>;
  /** Something is to be said at the end of the turn. */
  readonly due: () => void;
  /** The origin of transactions with what siblings tell. */
  readonly origin: unknown;
}

export class TabComparison {
  readonly #deps: TabComparisonDeps;
  readonly #held: HeldContent;
  readonly #onTransaction: () => void;
  #told: Told = 'told';
  /** The sibling that was asked for what is missing here. */
  #asked: { readonly id: string; readonly timer: Timer } | undefined;

  constructor(deps: TabComparisonDeps) {
    this.#deps = deps;
    this.#held = new HeldContent(deps.doc);
    this.#onTransaction = () => {
      // What was held was told to nobody, and no sibling knows that it has come in here.
      if (this.#held.hasComeIn()) this.note('untold');
    };
    deps.doc.on('afterTransactionCleanup', this.#onTransaction);
  }

  /** See `ToldEvent`. */
  note(event: ToldEvent): void {
    this.#told = toldTable[this.#told][event];
    if (this.#told === 'due') this.#deps.due();
  }

  /** At the end of a turn; returns whether all were told what this tab has. */
  flush(): boolean {
    if (this.#told !== 'due') return false;
    const isAlone = this.#deps.siblings.size === 0;
    if (isAlone) this.note('alone');
    else this.greet('hello');
    return !isAlone;
  }

  /** Tells what this tab has: all of them, who answer, or one who has asked. */
  greet(type: 'hello' | 'here', to?: string): void {
    const { doc, siblings, say, greeting } = this.#deps;
    if (type === 'hello') {
      this.note('said');
      for (const sibling of siblings) sibling.hasTold = false;
    }
    say({ type, to, summary: summaryOf(doc), ...greeting() });
  }

  /** The sibling has this. */
  met(sibling: Sibling, summary: Summary): void {
    sibling.summary = summary;
    this.#ask();
  }

  /** The sibling lacks what this tab has beyond this. */
  answer(sibling: Sibling, want: { stateVector: Uint8Array; deletes?: Uint8Array | undefined }): void {
    const { doc, say } = this.#deps;
    for (const part of partsOf(answerTo(doc, want))) say({ type: 'missing', to: sibling.id, ...part });
  }

  /** The sibling tells something, all of it in one transaction, however many parts it has. `isAnswer`: it was asked. */
  take(sibling: Sibling, part: Part, isAnswer: boolean): void {
    const { doc, origin } = this.#deps;
    try {
      const update = sibling.reader.add(part);
      if (update === undefined || update.length === 0) return;
      sibling.hasTold = true;
      Y.applyUpdate(doc, update, origin);
    } finally {
      if (isAnswer && part.isLast && this.#asked?.id === sibling.id) this.#askNext();
    }
  }

  /** The sibling has gone; `isOrderly`: it has said so, after all else that it had to say. */
  gone(sibling: Sibling, isOrderly: boolean): void {
    const isAsked = this.#asked?.id === sibling.id;
    // What it told here it does not tell anybody else any more, nor here what was asked. What a tab says last before it dies
    // may reach some and not others.
    if (!isOrderly || isAsked || sibling.summary !== undefined || sibling.hasTold) this.note('untold');
    if (isAsked) this.#askNext();
  }

  /** This tab has left: nobody is asked any more. */
  left(): void {
    this.#stopAsking();
  }

  destroy(): void {
    this.left();
    this.#deps.doc.off('afterTransactionCleanup', this.#onTransaction);
  }

  /** One after the other: what the first has told, the next need not tell again. */
  #ask(): void {
    if (this.#asked !== undefined) return;
    const { doc, clock, siblings, say } = this.#deps;
    for (const sibling of siblings) {
      const { id, summary } = sibling;
      sibling.summary = undefined;
      if (summary === undefined || !mayLack(doc, summary)) continue;
      this.#asked = { id, timer: clock.after(answerMs, () => this.#askNext()) };
      return say({ type: 'want', to: id, ...wantOf(doc, summary) });
    }
  }

  #askNext(): void {
    this.#stopAsking();
    this.#ask();
  }

  #stopAsking(): void {
    this.#asked?.timer.cancel();
    this.#asked = undefined;
  }
}
