interface Install {
  readonly packages: number;
  readonly bytes: number;
}

export interface Sizes {
  readonly client: number;
  readonly react: number;
  readonly token: number;
  readonly pageInstall: Install;
  readonly serverInstall: Install;
}

export function measureSizes(): Promise<Sizes>;
export function sizeTable(sizes: Sizes): string;
export function shownTable(): string | undefined;
