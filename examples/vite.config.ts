// Builds the demo page into dist/examples, from where `heddle serve --demo` serves it at `/`.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: fromHere('.'),
  base: './',
  build: {
    outDir: fromHere('../dist/examples'),
    emptyOutDir: true,
    target: 'es2022',
    // Every asset stays a file of its own, so that the page works under `default-src 'self'` without `data:`.
    assetsInlineLimit: 0,
    // The editor is one chunk of about 500 kB (160 kB compressed); splitting it would only add round trips.
    chunkSizeWarningLimit: 800,
  },
});
