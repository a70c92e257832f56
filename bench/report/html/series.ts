// How a target looks in the page: a colour for each family of servers, a dashed line for its variants. Also runs in the page.

export interface SeriesLook {
  /** A CSS colour; light and dark are in the style sheet. */
  readonly color: string;
  readonly isDashed: boolean;
}

const families: readonly (readonly [prefix: string, color: string])[] = [
  ['heddle', 'var(--series-heddle)'],
  ['bare', 'var(--series-bare)'],
  ['y-websocket-server', 'var(--series-y-websocket)'],
  ['hocuspocus', 'var(--series-hocuspocus)'],
];

/** `y-websocket-server+leveldb` is a variant of `y-websocket-server`; other names share one more colour. */
export function lookOf(target: string): SeriesLook {
  const [prefix, color] = families.find(([prefix]) => target.startsWith(prefix)) ?? [
    target,
    'var(--series-other)',
  ];
  return { color, isDashed: target !== prefix };
}
