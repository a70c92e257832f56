// Every block of code in README, run as it stands: what differs from a reader's place is only where the server listens.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstClient } from '../../server/api/welcome.js';
import { readGrants } from '../../shared/grants.js';
import { createToken, expressTokenRoute } from '../../token/index.js';
import { linkProject } from '../support/linked-project.js';
import { makeFolder, runHeddle, startServer, type ServerProcess } from '../support/server-process.js';
import { read, root } from './support.js';

interface Block {
  readonly language: string;
  readonly code: string;
}

const blocks: readonly Block[] = [...read('README.md').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', code = '']) => ({ language, code }),
);

/** For a machine that is busy with much else. */
const patienceMs = 100_000;

const secret = 'a secret of at least thirty-two bytes';
const sub = 'ada';
const docs = [{ pattern: 'notes/**', access: 'write' }] as const;

/** What a reader's own application has, in the words of the blocks. */
const ofTheReader = {
  findUser: 'const findUser = async () => ({ id: "ada" });',
  token: 'const token = process.env.TOKEN;',
  doc: "import * as Y from 'yjs'; const doc = new Y.Doc();",
  secret: 'const secret = process.env.JWT_SECRET;',
  createServer: "import { createServer } from 'heddle/server';",
  templateFor: 'const templateFor = () => undefined;',
  index: "const index = (name, text) => console.log('indexed', name, text);",
  react:
    "import React from 'react'; const getToken = process.env.TOKEN; const Spinner = () => null; const Editor = () => null;",
} as const;

interface Run {
  /** Text that one block alone has. */
  readonly has: string;
  readonly before?: readonly (keyof typeof ofTheReader)[];
  /** Code that ends the program, and prints what shows that it has worked. */
  readonly after?: string;
  /** What is printed. */
  readonly prints?: RegExp;
}

/** How programs are run. */
const programs: readonly Run[] = [
  {
    has: "new HeddleProvider('ws://localhost:1234'",
    after: "doc.getText('body').insert(0, 'hello'); await provider.whenSynced; process.exit();",
    prints: /^hello$/m,
  },
  {
    has: "'/api/sync-token',\n  expressTokenRoute",
    before: ['findUser'],
    after:
      "const server = app.listen(0, async () => { const { port } = server.address(); const answer = await fetch(`http://127.0.0.1:${port}/api/sync-token`); console.log(answer.status, (await answer.text()).split('.').length); process.exit(); });",
    prints: /^200 3$/m,
  },
  {
    has: 'export const GET = tokenRoute',
    before: ['findUser'],
    after: "console.log((await GET(new Request('http://localhost/api/sync-token'))).status);",
    prints: /^200$/m,
  },
  {
    has: 'await provider.whenLoaded;',
    after: 'console.log(provider.status.phase, provider.connection.claims.sub); process.exit();',
    prints: /^synced ada$/m,
  },
  {
    has: 'new WebsocketProvider(',
    before: ['doc', 'token'],
    after: "provider.on('sync', () => { console.log('synced'); process.exit(); });",
    prints: /^synced$/m,
  },
  {
    has: 'await server.withDocument(',
    before: ['templateFor', 'index'],
    after: "console.log('closed'); process.exit();",
    prints: /^closed$/m,
  },
  {
    has: 'createHttpServer(app)',
    before: ['secret', 'createServer'],
    after:
      "http.once('listening', async () => { console.log((await fetch(`http://127.0.0.1:${http.address().port}/sync/readyz`)).status); process.exit(); });",
    prints: /^200$/m,
  },
];

/** Commands that are run, by how they begin after `npx heddle`, and what they print. */
const commands: readonly (readonly [has: string, prints: RegExp])[] = [
  ['token --secret', /^[\w-]+\.[\w-]+\.[\w-]+\n$/],
  ['users refresh ada', /"sessions": ?\d+|\d+/],
  ['users revoke ada', /\d+/],
  ['users access ada', /\d+/],
  ['users devices ada', /first seen/],
  ['serve --auth none', /listening/],
  ['serve --port 1234', /listening/],
];

/** Blocks, or commands in them, that no test runs, and why. The test that all are known keeps this list complete. */
const notRun: Readonly<Record<string, string>> = {
  'users sign-out ada --device':
    'the id of a device is made when somebody connects: test/server/devices.test.ts',
  'npm install heddle':
    'it is not on the registry before it is published; test/package-consumer.test.ts installs what is packed',
  'npm ci && npm start':
    'it would install into this repository; test/browser/demo.test.ts opens the page that it serves',
  'npm ci && npm test': 'it is what runs this test',
  'npm run bench': 'it takes minutes; test/bench/process/ runs the command with all that these lines name',
  'export HEDDLE_URL': 'its variables are those that the commands below it are run with',
};

let folder: string;
let remove: () => Promise<void> = async () => {};
let server: ServerProcess;
let tokens: { url: string; close: () => void };
let env: Record<string, string>;

beforeAll(async () => {
  const made = await makeFolder();
  [folder, remove] = [made.path, made.remove];
  const flags = ['--jwt-secret', secret, '--admin-claim', 'ops'];
  server = await startServer({ data: join(folder, 'data'), flags });
  const routes = createHttpServer(
    (request, response) => void expressTokenRoute({ secret, user: () => ({ sub, docs }) })(request, response),
  );
  routes.listen(0, '127.0.0.1');
  await once(routes, 'listening');
  tokens = {
    url: `http://127.0.0.1:${(routes.address() as AddressInfo).port}/api/sync-token`,
    close: () => void routes.close(),
  };
  env = {
    JWT_SECRET: secret,
    TOKEN: await createToken({ secret, sub, docs }),
    HEDDLE_URL: server.url.replace('ws', 'http'),
    HEDDLE_ADMIN_TOKEN: await createToken({ secret, sub: 'ops', claims: { ops: true } }),
  };
  linkProject(folder, [
    'yjs',
    'level',
    'express',
    'y-websocket',
    'react',
    'ws',
    'typescript',
    '@types/react',
    '@types/node',
  ]);
}, 60_000);

afterAll(async () => {
  tokens?.close();
  await server?.stop();
  await remove();
});

/** The block with the addresses of this test in place of the reader's. */
function placed(code: string, open: string): string {
  return code
    .replace(/ws:\/\/localhost:1234/, open)
    .replaceAll('wss://sync.example.com', server.url)
    .replace("fetch('/api/sync-token')", `fetch('${tokens.url}')`)
    .replace('port: 1234', 'port: 0')
    .replace('listen(3000)', 'listen(0)')
    .replace(/data: '\.\/data'/, `data: ${JSON.stringify(join(folder, `data-${Math.random()}`))}`);
}

describe('U45 README', () => {
  test('U45 every block is run, or in the list of those that are not, which says why', () => {
    const known = [
      ...programs.map(({ has }) => has),
      ...Object.keys(notRun),
      ...commands.map(([has]) => has),
      '<HeddleDocument',
      '"sub": "alice"',
    ];
    for (const has of known)
      expect(
        blocks.filter(({ code }) => code.includes(has)),
        has,
      ).not.toEqual([]);
    for (const { has } of programs)
      expect(
        blocks.filter(({ code }) => code.includes(has)),
        has,
      ).toHaveLength(1);
    for (const { language, code } of blocks) {
      const parts = language === 'sh' ? code.trimEnd().split('\n') : [code];
      for (const part of parts)
        expect(
          known.some((has) => part.includes(has)),
          part,
        ).toBe(true);
    }
  });

  test('U45 the first client is the one that the server prints', () => {
    expect(blocks.map(({ code }) => code)).toContain(`${firstClient('ws://localhost:1234')}\n`);
  });

  test.each(programs)(
    'U45 the program with $has',
    async ({ has, before = [], after = '', prints = /^/ }) => {
      const { code } = blocks.find((block) => block.code.includes(has))!;
      const open = has.includes('1234') ? await startServer({ data: join(folder, 'open') }) : undefined;
      const file = `program-${programs.findIndex((one) => one.has === has)}.js`;
      const reader = before.map((name) => ofTheReader[name]).join('\n');
      writeFileSync(join(folder, file), `${reader}\n${placed(code, open?.url ?? '')}\n${after}\n`);
      // Node 20 has no WebSocket of its own, which stock clients want.
      writeFileSync(
        join(folder, 'socket.js'),
        "import { WebSocket } from 'ws'; globalThis.WebSocket ??= WebSocket;",
      );
      const child = spawn(process.execPath, ['--import', './socket.js', file], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const [status] = (await once(child, 'close')) as [number | null];
      clearTimeout(timer);
      await open?.stop();
      expect(said).toMatch(prints);
      expect(status, said).toBe(0);
    },
    patienceMs + 20_000,
  );

  test('U45 the component with hooks has the types that it says', () => {
    const { code } = blocks.find((block) => block.code.includes('<HeddleDocument'))!;
    const text = `import type {} from 'react';\n${ofTheReader.react.replace("import React from 'react';", 'declare const process: { env: Record<string, string | undefined> };')}\n`;
    const [imports = '', element = ''] = code.split('\n\n');
    writeFileSync(
      join(folder, 'app.tsx'),
      `${imports}\n${text}export const app = (\n${element.replace(/;\s*$/, '')}\n);\nexport const used = [useDoc, useSyncStatus, useOthers];\n`,
    );
    const compilerOptions = {
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      jsx: 'react-jsx',
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.tsx'] }));
    expect(execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })).toBe('');
  });

  test('U45 the token is one that the server reads', () => {
    const { code } = blocks.find((block) => block.code.includes('"sub": "alice"'))!;
    expect(readGrants((JSON.parse(code) as { docs: unknown }).docs)).toMatchObject({ ok: true });
  });

  test.each(commands.filter(([has]) => !has.startsWith('serve')))(
    'U45 the command %s',
    async (has, prints) => {
      const { stdout, stderr, code } = await runHeddle(await argumentsOf(has), { env });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(prints);
    },
  );

  test.each(commands.filter(([has]) => has.startsWith('serve')))('U45 the command %s', async (has) => {
    const args = await argumentsOf(has);
    const flags = args
      .slice(1)
      .filter(
        (part, index) => !/^(--port|--data)$/.test(part) && !/^(--port|--data)$/.test(args[index] ?? ''),
      );
    const running = await startServer({ data: join(folder, `served-${flags.length}`), flags });
    expect((await fetch(`${running.url.replace('ws', 'http')}/readyz`)).status).toBe(200);
    await running.stop();
  });

  /** As a shell reads them. */
  async function argumentsOf(has: string): Promise<string[]> {
    const line = blocks
      .flatMap(({ code }) => code.split('\n'))
      .find((one) => one.includes(`npx heddle ${has}`))!;
    const printed = execFileSync('bash', ['-c', `npx() { shift; printf '%s\\n' "$@"; }; ${line}`], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return printed.trimEnd().split('\n');
  }
});

test('U45 what a clone is started with is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(scripts).toHaveProperty('start');
  expect(scripts).toHaveProperty('bench');
});
