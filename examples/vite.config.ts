// Builds the demo pages into dist/examples, from where `heddle serve --demo` serves them: the editor at `/`, the notes app
// at `/notes/`, each with the list of files that its service worker keeps.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What is built: each page with a service worker of its own, which cares for the folder that it lies in. */
const pages = [
  { name: 'editor', folder: '', fixed: [] },
  { name: 'notes', folder: 'notes/', fixed: readdirSync(fromHere('public/notes')) },
] as const satisfies readonly AppPage[];

interface AppPage {
  readonly name: string;
  /** From the root of the site, with a slash at its end unless it is that. */
  readonly folder: string;
  /** Files in the folder that are copied as they are. */
  readonly fixed: readonly string[];
}

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
        notes: fromHere('notes/index.html'),
        'service-worker': fromHere('editor/service-worker.ts'),
      },
      output: {
        // Where it lies is what it may care for, and its address is how the browser knows it again.
        entryFileNames: ({ name }) => (name === 'service-worker' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});

/** Makes a service worker for each page: it knows which files the page is made of, and a hash of them, its version. */
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
        const worker = bundle['sw.js'];
        if (worker?.type !== 'chunk' || worker.imports.length > 0)
          return this.error('the service worker is one file');
        const { code } = worker;
        for (const page of pages) {
          const source = shellOf(page, built) + code.replace(/\bshell(?:Name|Files|Version)\b/g, 'shell.$&');
          if (page.folder === '') worker.code = source;
          else this.emitFile({ type: 'asset', fileName: `${page.folder}sw.js`, source });
        }
      },
    },
  };
}

/** The line that a service worker begins with. Throws where the page links no files. */
function shellOf({ name, folder, fixed }: AppPage, built: ReadonlyMap<string, string | Uint8Array>): string {
  const page = String(built.get(`${folder}index.html`));
  const up = folder === '' ? './' : '../';
  const linked = [...page.matchAll(/(?:src|href)="(\.{1,2}\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  if (linked.length === 0) throw new Error(`the page ${name} has no files`);
  const version = createHash('sha256').update(page);
  for (const file of linked) {
    const content = built.get(file.replace(up, ''));
    if (content === undefined) throw new Error(`the page ${name} links ${file}, which was not built`);
    version.update(content);
  }
  for (const file of fixed) version.update(readFileSync(fromHere(`public/${folder}${file}`)));
  const values = {
    shellName: name,
    shellFiles: ['./', ...new Set([...linked, ...fixed])],
    shellVersion: version.digest('hex').slice(0, 16),
  };
  return `const shell=${JSON.stringify(values)};`;
}
