// How large and how long a measurement is. Plain data: it crosses a process boundary.

export interface LoadSettings {
  /** Seed of everything random. */
  readonly seed: number;
  /** Factor on the length of measured stretches; 1 for real runs, less for a smoke run. */
  readonly time: number;
  /** Factor on counts (rooms, clients, connections) and rates; 1 for real runs, less for a smoke run. */
  readonly size: number;
  /** A file in the format of the public editing traces; its document is the large one, its edits are typed. */
  readonly trace?: string;
}
