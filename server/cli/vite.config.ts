// Bundles the command into dist/server/cli/: Node takes longer to find and load a module than to run it, and a server
// without the bundle loads some 250. The licences of the packages inside are in licenses.md beside it.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: fromHere('../..'),
  publicDir: false,
  ssr: {
    noExternal: true,
    // Two with native code beside theirs, and Yjs, which must not be there twice.
    external: ['level', 'uWebSockets.js', 'yjs'],
  },
  build: {
    ssr: fromHere('main.ts'),
    outDir: fromHere('../../dist/server/cli'),
    emptyOutDir: true,
    target: 'es2022',
    // Names and lines stay, for stack traces.
    minify: false,
    license: { fileName: 'licenses.md' },
    rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' } },
  },
});
