// What an application loads for heddle/client, for the entries of frameworks, and for heddle/token: how much it is, and that it
// runs without Node.

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';

/**
 * Most bytes of the minified bundle after gzip, with lib0's and y-protocols' parts, without what it needs beside itself: `needs`.
 * `uses`: what the application imports; everything where it is missing.
 */
const entries: readonly {
  readonly entry: string;
  readonly uses?: readonly string[];
  readonly limit: number;
  readonly needs: readonly string[];
}[] = [
  {
    entry: 'client/index.ts',
    uses: ['HeddleProvider', 'HeddleConnection'],
    limit: 62_400,
    needs: ['yjs'],
  },
  { entry: 'client/index.ts', limit: 64_000, needs: ['yjs'] },
  { entry: 'client/react/index.ts', limit: 67_100, needs: ['react', 'yjs'] },
  { entry: 'client/vue/index.ts', limit: 67_400, needs: ['vue', 'yjs'] },
  { entry: 'client/svelte/index.ts', limit: 67_400, needs: ['svelte', 'yjs'] },
  { entry: 'token/index.ts', limit: 9_680, needs: [] },
];

/** An application that exports what it uses of an entry. */
function application(entry: string, uses: readonly string[] | undefined): Plugin {
  const from = JSON.stringify(fileURLToPath(new URL(`../../${entry}`, import.meta.url)));
  return {
    name: 'application',
    resolveId: (id) => (id === 'application' ? id : undefined),
    load: (id) =>
      id === 'application' ? `export ${uses ? `{ ${uses.join(', ')} }` : '*'} from ${from};` : undefined,
  };
}

async function bundled(entry: string, uses: readonly string[] | undefined): Promise<Rolldown.OutputChunk[]> {
  const result = (await build({
    configFile: false,
    logLevel: 'error',
    plugins: [application(entry, uses)],
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry: 'application', formats: ['es'] },
      rolldownOptions: { input: 'application', external: [/^(yjs|react|vue|svelte)(\/|$)/] },
    },
  })) as Rolldown.RolldownOutput[];
  return result.flatMap(({ output }) => output).filter((one) => one.type === 'chunk');
}

describe.each(entries)('$uses of $entry', ({ entry, uses, limit, needs }) => {
  it('K6, K77, U42: is small, and needs nothing but what it names', async () => {
    const chunks = await bundled(entry, uses);
    const bytes = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
    console.info(`${entry}${uses === undefined ? '' : ` (${uses.join(', ')})`}: ${bytes} bytes`);
    expect(bytes).toBeLessThan(limit);
    expect(bytes).toBeGreaterThan(1_000);
    const needed = new Set(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]));
    for (const { fileName } of chunks) needed.delete(fileName);
    const packages = new Set([...needed].map((name) => name.replace(/\/.*/, '')));
    expect([...packages].sort()).toEqual(needs);
    const everything = chunks.map(({ code }) => code).join('\n');
    expect(everything).not.toMatch(/["'`]node:|\brequire\(/);
  });
});
