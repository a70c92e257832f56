// Bundles heddle/client into one file for pages without a bundler. Yjs stays outside, as it must not be there twice: a page
// names it in its import map. The licences of the packages inside are in licenses.md beside the file.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: fromHere('..'),
  publicDir: false,
  build: {
    lib: { entry: fromHere('../client/index.ts'), formats: ['es'], fileName: () => 'heddle-client.js' },
    outDir: fromHere('../dist/cdn'),
    emptyOutDir: true,
    target: 'es2022',
    minify: true,
    license: { fileName: 'licenses.md' },
    rolldownOptions: { external: ['yjs'] },
  },
});
