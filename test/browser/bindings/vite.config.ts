// Builds the pages with the editors into the folder given as `--outDir`.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: fromHere('./pages'),
  base: './',
  resolve: {
    // y-monaco asks for a path that Monaco's list of exports does not have any more.
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js' },
  },
  build: {
    target: 'es2022',
    minify: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 20_000,
  },
  worker: { format: 'es' },
});
