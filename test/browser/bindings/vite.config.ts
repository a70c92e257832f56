// Builds the examples with editors, and the one with hooks, as they are, on the built client, into the folder given as `--outDir`.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const pages = ['blocknote', 'codemirror', 'lexical', 'monaco', 'prosemirror', 'quill', 'react', 'tiptap'];

export default defineConfig({
  root: fromHere('../../../examples'),
  base: './',
  publicDir: false,
  resolve: {
    alias: {
      'heddle/client': fromHere('../../../dist/client/index.js'),
      'heddle/react': fromHere('../../../dist/client/react/index.js'),
      // As in the vite.config.js of the example.
      'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js',
    },
  },
  build: {
    target: 'es2022',
    minify: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 20_000,
    rolldownOptions: {
      input: Object.fromEntries(
        pages.map((name) => [name, fromHere(`../../../examples/${name}/index.html`)]),
      ),
    },
  },
  worker: { format: 'es' },
});
