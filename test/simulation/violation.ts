// A promise of docs/behaviour.md that a simulated run has seen broken.

export class Violation extends Error {
  override readonly name = 'Violation';
  /** The rule's number. */
  readonly rule: string;

  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
    this.rule = rule;
  }
}
