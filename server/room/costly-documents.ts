// Documents that load slowly for their size, as the document worker measured them (V5). Owns their list: the log names each
// when its level changes, health counts them, and admission asks for the level.

import type { DocumentName } from '../../shared/document-name.js';
import type { Logger } from '../../shared/logger.js';
import { excessiveMs, levelOf, type CostLevel, type LoadCost } from './load-cost.js';

type Slow = Exclude<CostLevel, 'fine'>;

/** Above this many the one that was measured longest ago is forgotten; it is measured again with its next checkpoint. */
const maxDocuments = 10_000;

const messages: Readonly<Record<CostLevel, string>> = {
  fine: 'a document loads as fast as others of its size again',
  costly: 'a document loads slowly for its size',
  excessive: 'a document loads so slowly for its size that it takes no edit which may make it slower',
};

export class CostlyDocuments {
  readonly #logger: Logger;
  /** The documents that are not fine, the one measured last at the end. */
  readonly #levels = new Map<DocumentName, Slow>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get size(): number {
    return this.#levels.size;
  }

  levelOf(document: DocumentName): CostLevel {
    return this.#levels.get(document) ?? 'fine';
  }

  /** The document was loaded. */
  measured(document: DocumentName, cost: LoadCost): void {
    this.#set(document, levelOf(cost), cost);
  }

  /** The document did not load within the budget of its job, which is more than excessive. */
  overBudget(document: DocumentName, bytes: number): void {
    this.#set(document, 'excessive', { bytes, loadMs: excessiveMs(bytes) });
  }

  #set(document: DocumentName, level: CostLevel, { bytes, loadMs }: LoadCost): void {
    const before = this.levelOf(document);
    this.#levels.delete(document);
    if (level !== 'fine') this.#levels.set(document, level);
    const [oldest] = this.#levels.keys();
    if (this.#levels.size > maxDocuments && oldest !== undefined) this.#levels.delete(oldest);
    if (level === before) return;
    const fields = { document, level, bytes, loadMs: Math.round(loadMs) };
    if (level === 'fine') this.#logger.info(fields, messages[level]);
    else this.#logger.warn(fields, messages[level]);
  }
}
