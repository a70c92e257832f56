// What an application loads for heddle/client and for the entries of frameworks: how much it is, and that it runs in a page.

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';

/**
 * Bytes of the minified bundle after gzip, with lib0's and y-protocols' parts, without yjs and the framework, and the framework
 * that it needs beside yjs.
 */
const entries: readonly { readonly entry: string; readonly limit: number; readonly framework?: string }[] = [
  { entry: 'client/index.ts', limit: 61_000 },
  { entry: 'client/react/index.ts', limit: 63_000, framework: 'react' },
  { entry: 'client/vue/index.ts', limit: 63_500, framework: 'vue' },
  { entry: 'client/svelte/index.ts', limit: 63_500, framework: 'svelte' },
];

async function bundled(entry: string): Promise<Rolldown.OutputChunk[]> {
  const result = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry: fileURLToPath(new URL(`../../${entry}`, import.meta.url)), formats: ['es'] },
      rolldownOptions: { external: [/^(yjs|react|vue|svelte)(\/|$)/] },
    },
  })) as Rolldown.RolldownOutput[];
  return result.flatMap(({ output }) => output).filter((one) => one.type === 'chunk');
}

describe.each(entries)('$entry', ({ entry, limit, framework }) => {
  it('K6, K77: is small, and needs nothing but yjs and its own framework', async () => {
    const chunks = await bundled(entry);
    const bytes = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
    console.info(`${entry}: ${bytes} bytes`);
    expect(bytes).toBeLessThan(limit);
    expect(bytes).toBeGreaterThan(1_000);
    const needed = new Set(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]));
    for (const { fileName } of chunks) needed.delete(fileName);
    const packages = new Set([...needed].map((name) => name.replace(/\/.*/, '')));
    expect([...packages].sort()).toEqual(framework === undefined ? ['yjs'] : [framework, 'yjs'].sort());
    const everything = chunks.map(({ code }) => code).join('\n');
    expect(everything).not.toMatch(/["'`]node:|\brequire\(/);
  });
});
