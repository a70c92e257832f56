// Which rooms the regular look visits in which turn: the rooms that have changed since the last turn, and the rooms that are
// planned for this turn. A room that is neither costs nothing.

export class DueRooms<R> {
  readonly #turnMs: number;
  #turn = 0;
  #changed = new Set<R>();
  readonly #turns = new Map<number, Set<R>>();
  readonly #turnOf = new Map<R, number>();

  /** `turnMs`: how long it is from one turn to the next. */
  constructor(turnMs: number) {
    this.#turnMs = turnMs;
  }

  /** The room is visited in the next turn. */
  changed(room: R): void {
    this.#changed.add(room);
  }

  /** The room is visited in the first turn after so many ms. An earlier plan for the room is dropped. */
  plan(room: R, ms: number): void {
    this.forget(room);
    const turn = this.#turn + Math.max(1, Math.ceil(ms / this.#turnMs));
    const rooms = this.#turns.get(turn) ?? new Set();
    this.#turns.set(turn, rooms.add(room));
    this.#turnOf.set(room, turn);
  }

  forget(room: R): void {
    this.#changed.delete(room);
    const turn = this.#turnOf.get(room);
    if (turn === undefined) return;
    this.#turnOf.delete(room);
    const rooms = this.#turns.get(turn);
    rooms?.delete(room);
    if (rooms?.size === 0) this.#turns.delete(turn);
  }

  /** Begins the next turn, and returns the rooms that are due in it. */
  next(): ReadonlySet<R> {
    this.#turn++;
    const due = this.#changed;
    this.#changed = new Set();
    for (const room of this.#turns.get(this.#turn) ?? []) {
      this.#turnOf.delete(room);
      due.add(room);
    }
    this.#turns.delete(this.#turn);
    return due;
  }
}
