// What an application loads for heddle/client and heddle/react: how much it is, and that it runs in a page.

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';

/** Bytes of the minified bundle after gzip, with lib0's and y-protocols' parts, without yjs and react. */
const limits = { 'client/index.ts': 61_000, 'client/react/index.ts': 61_800 };

async function bundled(entry: string): Promise<Rolldown.OutputChunk[]> {
  const result = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry: fileURLToPath(new URL(`../../${entry}`, import.meta.url)), formats: ['es'] },
      rolldownOptions: { external: [/^(yjs|react)$/] },
    },
  })) as Rolldown.RolldownOutput[];
  return result.flatMap(({ output }) => output).filter((one) => one.type === 'chunk');
}

describe.each(Object.entries(limits))('%s', (entry, limit) => {
  it('K6: is small, and needs nothing but yjs (and react)', async () => {
    const chunks = await bundled(entry);
    const bytes = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
    console.info(`${entry}: ${bytes} bytes`);
    expect(bytes).toBeLessThan(limit);
    expect(bytes).toBeGreaterThan(1_000);
    const needed = new Set(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]));
    for (const { fileName } of chunks) needed.delete(fileName);
    for (const allowed of ['yjs', 'react']) needed.delete(allowed);
    expect([...needed]).toEqual([]);
    const everything = chunks.map(({ code }) => code).join('\n');
    expect(everything).not.toMatch(/["'`]node:|\brequire\(/);
  });
});
