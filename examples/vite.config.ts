// Builds the demo pages into dist/examples, from where `heddle serve --demo` serves them: the editor at `/`, the notes app
// at `/notes/`, with the list of files that its service worker keeps.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const notesPage = 'notes/index.html';
const serviceWorker = 'notes/sw.js';

export default defineConfig({
  root: fromHere('.'),
  base: './',
  plugins: [appShell()],
  build: {
    outDir: fromHere('../dist/examples'),
    emptyOutDir: true,
    target: 'es2022',
    // Every asset stays a file of its own, so that the page works under `default-src 'self'` without `data:`.
    assetsInlineLimit: 0,
    // The editor is one chunk of about 500 kB (160 kB compressed); splitting it would only add round trips.
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      input: {
        editor: fromHere('index.html'),
        notes: fromHere(notesPage),
        'service-worker': fromHere('notes/service-worker.ts'),
      },
      output: {
        // Where it lies is what it may care for, and its address is how the browser knows it again.
        entryFileNames: ({ name }) => (name === 'service-worker' ? serviceWorker : 'assets/[name]-[hash].js'),
      },
    },
  },
});

/** Writes into the service worker which files the notes app is made of, and a hash of them: its version. */
function appShell(): Plugin {
  return {
    name: 'app-shell',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const built = new Map(
          Object.values(bundle).map((file) => [
            file.fileName,
            file.type === 'chunk' ? file.code : file.source,
          ]),
        );
        const page = String(built.get(notesPage));
        const linked = [...page.matchAll(/(?:src|href)="(\.\.\/assets\/[^"]+)"/g)].map(
          ([, path = '']) => path,
        );
        const fixed = readdirSync(fromHere('public/notes'));
        const files = ['./', ...new Set([...linked, ...fixed])];
        const version = createHash('sha256');
        for (const file of linked)
          version.update(built.get(file.replace('../', '')) ?? this.error(`no ${file}`));
        for (const file of fixed) version.update(readFileSync(fromHere(`public/notes/${file}`)));
        version.update(page);
        const worker = bundle[serviceWorker];
        if (worker?.type !== 'chunk' || worker.imports.length > 0 || linked.length === 0)
          return this.error('the service worker is one file, and the page has others');
        const values = { shellFiles: files, shellVersion: version.digest('hex').slice(0, 16) };
        const start = `const shell=${JSON.stringify(values)};`;
        worker.code = start + worker.code.replace(/\bshell(?:Files|Version)\b/g, (name) => `shell.${name}`);
      },
    },
  };
}
