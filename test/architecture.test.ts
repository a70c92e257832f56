// The layers of ARCHITECTURE.md, held by reading every import.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Layers from the bottom up: a file imports from its own and from lower ones. The first pattern that fits counts. */
const layers: readonly (readonly [pattern: RegExp, layer: number])[] = [
  [/^shared\//, 0],
  [/^token\//, 1],
  [/^client\/(connection|crdt|offline|platform|tabs|token)\//, 1],
  [/^client\/document\//, 2],
  [/^client\/provider\//, 3],
  [/^client\/index\.ts$/, 4],
  [/^client\/bindings\//, 5],
  [/^client\/(react|svelte|vue)\//, 6],
  [/^server\/(errors|options|json-reply|server-packages)\.ts$/, 1],
  [/^server\/(transport|dialect|store|auth|crdt)\//, 1],
  [/^server\/(room|roster)\//, 2],
  [/^server\/session\//, 3],
  [/^server\/worker\//, 3],
  [/^server\/(api|users)\//, 4],
  [/^server\/config\//, 5],
  [/^server\/(create-server|server-[\w-]+|change-notifier|application-hooks|shut-down|index)\.ts$/, 5],
  [/^bench\/(measurement|figures|results|process-usage|statistics|load\/settings)\.ts$/, 6],
  [/^bench\/(protocol|input|targets)\//, 7],
  [/^bench\/load\/main\.ts$/, 10],
  [/^bench\/(load|level-baseline)\//, 8],
  [/^bench\/scenarios\//, 9],
  [/^bench\/(report\/|goals\.ts|environment\.ts)/, 9],
  [/^bench\/(run\/|index\.ts)/, 10],
  [/^server\/cli\//, 11],
];

/** Folders of one layer that know nothing of each other, but for each other's ports. */
const siblings = [
  'transport',
  'dialect',
  'store',
  'auth',
  'crdt',
  'room',
  'roster',
  'session',
  'worker',
  'api',
  'users',
  'config',
];
const ports = new Set([
  'server/transport/transport.ts',
  'server/dialect/dialect.ts',
  'server/dialect/messages.ts',
  'server/store/store.ts',
  'server/auth/authenticator.ts',
  'server/users/user-control.ts',
]);

/** Packages that one folder alone may know. */
const owners: Readonly<Record<string, RegExp>> = {
  'uWebSockets.js': /^server\/transport\/uws\//,
  ws: /^server\/(transport\/node|cli\/sources)\//,
  jose: /^(server\/auth|token)\//,
  level: /^(server\/store|bench\/level-baseline)\//,
  pino: /^server\/cli\//,
  react: /^client\/react\//,
  svelte: /^client\/svelte\//,
  vue: /^client\/vue\//,
  yjs: /^(client\/(bindings|crdt|document|offline|provider|react|svelte|tabs|vue)\/|server\/(room|worker|options\.ts|create-server\.ts)|bench\/(input|load|scenarios)\/)/,
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const files = ['shared', 'token', 'client', 'server', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = text.matchAll(/(?<!typeof )import\('([^']+)'\)/g);
  return [
    ...[...found].map(([, type, to = '']) => ({ from, to, isTypeOnly: type !== undefined })),
    ...[...dynamic].map(([, to = '']) => ({ from, to, isTypeOnly: false })),
  ].map((one) => ({
    ...one,
    to: one.to.startsWith('.')
      ? relative(root, join(root, dirname(from), one.to)).replace(/\.js$/, '.ts')
      : one.to,
  }));
});

function layerOf(file: string): number {
  const layer = layers.find(([pattern]) => pattern.test(file))?.[1];
  if (layer === undefined) throw new Error(`${file} has no layer: add it to the table`);
  return layer;
}

const inner = imports.filter(({ to }) => to.endsWith('.ts'));
const outer = imports.filter(({ to }) => !to.endsWith('.ts'));

describe('architecture', () => {
  test('L1 every file has a layer, and there is something to check', () => {
    for (const file of files) layerOf(file);
    expect(inner.length).toBeGreaterThan(100);
    for (const { from, to } of inner) expect(files, `${from} imports ${to}`).toContain(to);
  });

  test('L1 imports flow one way', () => {
    const upward = inner.filter(({ from, to }) => layerOf(to) > layerOf(from));
    expect(upward).toEqual([]);
  });

  test('L2 folders of a layer know only the ports of each other', () => {
    const sideways = inner.filter(({ from, to }) => {
      const [, a = ''] = /^server\/([^/]+)\//.exec(from) ?? [];
      const [, b = ''] = /^server\/([^/]+)\//.exec(to) ?? [];
      return (
        a !== b &&
        siblings.includes(a) &&
        siblings.includes(b) &&
        layerOf(from) === layerOf(to) &&
        !ports.has(to)
      );
    });
    expect(sideways).toEqual([]);
  });

  test('L2 the parts of the client know each other through what they share', () => {
    const shared = [/^client\/platform\//, /^client\/crdt\//, /^client\/connection\/backoff\.ts$/];
    const folderOf = (file: string): string | undefined => /^client\/([^/]+)\//.exec(file)?.[1];
    const sideways = inner.filter(
      ({ from, to }) =>
        folderOf(from) !== undefined &&
        folderOf(to) !== undefined &&
        folderOf(from) !== folderOf(to) &&
        layerOf(from) === layerOf(to) &&
        !shared.some((pattern) => pattern.test(to)),
    );
    expect(sideways).toEqual([]);
  });

  test('K30: all that emits in the client calls every listener', () => {
    const emitters = outer.filter(
      ({ from, to }) => from.startsWith('client/') && to.startsWith('lib0/observable'),
    );
    expect(emitters.map(({ from }) => from)).toEqual(['client/platform/guarded.ts']);
  });

  test('L2 rooms, sessions and resources see ports, never implementations', () => {
    const allowed = [/^server\/crdt\//, /^server\/errors\.ts$/];
    const through = inner.filter(
      ({ from, to }) =>
        /^server\/(room|session)\//.test(from) &&
        layerOf(to) === 1 &&
        !ports.has(to) &&
        !allowed.some((pattern) => pattern.test(to)),
    );
    expect(through).toEqual([]);
  });

  test('L3 a package is known in one place', () => {
    const strays = outer.filter(({ from, to }) => {
      const owner = owners[to.startsWith('@') ? to : to.replace(/\/.*/, '')];
      return owner !== undefined && !owner.test(from);
    });
    expect(strays).toEqual([]);
  });

  test('L4 time and chance are injected, and only the command prints', () => {
    const globals = /\b(Date\.now|performance\.now|setTimeout|setInterval|Math\.random)\(|\bconsole\./;
    const users = files.filter((file) => {
      const code = readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      return globals.test(code);
    });
    // The bench measures time: it has nothing to inject. The client that welcome.ts shows is a text.
    const allowed = [
      /^shared\/(clock|random)\.ts$/,
      /^server\/cli\//,
      /^server\/api\/welcome\.ts$/,
      /^bench\//,
    ];
    expect(users.filter((file) => !allowed.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  test('U17 one file prints for the command, and one ends its process', () => {
    const using = (pattern: RegExp): string[] =>
      files.filter((file) =>
        pattern.test(readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')),
      );
    // The client that it shows is a text.
    expect(using(/\bstdout\.write\b|\bconsole\./)).toEqual(['server/api/welcome.ts']);
    // A bench says on standard error what it does.
    expect(using(/\bstderr\.write\b/)).toEqual(['bench/run/command.ts']);
    // Beside the command's end: a second signal, and the bench's own processes, which print nothing.
    expect(using(/\bprocess\.(exit|reallyExit|abort)\b/)).toEqual([
      'server/cli/main.ts',
      'server/cli/serve.ts',
      'bench/load/main.ts',
      'bench/run/command.ts',
    ]);
  });

  test('L5 no two files import each other, however far around', () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of inner) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '));
      if (done.has(file) || path.includes(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
