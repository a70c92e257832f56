// Builds the page of the report into one file, dist/bench/report/page.html, which bench/report/page.ts fills with results.

import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Puts script and style into the page, and forbids it everything else: it loads nothing, and runs this script alone. */
function inlined(): Plugin {
  return {
    name: 'inlined',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('there is no page');
      let text = String(page.source);
      for (const [name, output] of Object.entries(bundle)) {
        if (output === page) continue;
        const [tag, element] =
          output.type === 'chunk' ? scriptOf(name, output.code) : styleOf(name, String(output.source));
        if (!tag.test(text)) throw new Error(`the page does not name ${name}`);
        text = text.replace(tag, () => element);
        delete bundle[name];
      }
      page.fileName = 'page.html';
      page.source = text;
    },
  };
}

function scriptOf(name: string, code: string): [tag: RegExp, element: string] {
  const script = code.trim().replaceAll('</script', String.raw`<\/script`);
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:`;
  return [
    new RegExp(`<script [^>]*src="\\./${name}"[^>]*></script>`),
    `<meta http-equiv="content-security-policy" content="${policy}" />\n    <script type="module">${script}</script>`,
  ];
}

function styleOf(name: string, style: string): [tag: RegExp, element: string] {
  return [
    new RegExp(`<link rel="stylesheet" [^>]*href="\\./${name}"[^>]*>`),
    `<style>${style.trim()}</style>`,
  ];
}

export default defineConfig({
  root: fromHere('.'),
  base: './',
  build: {
    outDir: fromHere('../../../dist/bench/report'),
    // The compiled report is in the same folder.
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 1_000_000,
    chunkSizeWarningLimit: 800,
  },
  plugins: [inlined()],
});
