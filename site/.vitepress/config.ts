// The site as VitePress builds it from the pages that `site/stage.ts` lays out. Nothing of it asks for anything elsewhere, and no
// page has a script inside itself.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const source = fromHere('../../.heddle/docs');
const base = process.env['HEDDLE_DOCS_BASE'] ?? '/docs/';
const menu = JSON.parse(readFileSync(join(source, 'menu.json'), 'utf8')) as {
  text: string;
  items: { text: string; link: string }[];
}[];

/** The theme has icons inside its style sheet, and styles inside its pages: scripts are from here alone, and from files. */
const policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** Moves the scripts inside a page into files. */
function withoutInlineScripts(html: string, out: string): string {
  return html.replace(/<script(?: id="[\w-]+")?>([\s\S]+?)<\/script>/g, (_, code: string) => {
    const name = `assets/head-${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`;
    mkdirSync(dirname(join(out, name)), { recursive: true });
    writeFileSync(join(out, name), code);
    return `<script src="${base}${name}"></script>`;
  });
}

/** As GitHub names headings, so that a link works in both. */
function slugify(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

export default defineConfig({
  title: 'Heddle',
  description: 'The sync backend for collaborative editors and offline-first apps built on Yjs',
  lang: 'en',
  base,
  srcDir: source,
  outDir: process.env['HEDDLE_DOCS_OUT'] ?? fromHere('../../dist/docs'),
  cacheDir: fromHere('../../.heddle/docs-cache'),
  metaChunk: true,
  head: [
    ['meta', { 'http-equiv': 'content-security-policy', content: policy }],
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}favicon.svg` }],
  ],
  markdown: {
    html: false,
    anchor: { slugify },
    headers: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      // The pages are Markdown, and no templates of Vue.
      md.renderer.rules['text'] = (tokens, index) =>
        md.utils.escapeHtml(tokens[index]?.content ?? '').replaceAll('{{', '&#123;&#123;');
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    sidebar: menu,
    nav: [
      { text: 'Start', link: '/guides/start' },
      { text: 'Reference', link: '/api/client' },
      { text: 'Errors', link: '/errors' },
    ],
  },
  transformHtml: (html, _id, { siteConfig }) => withoutInlineScripts(html, siteConfig.outDir),
  buildEnd({ outDir }) {
    writeFileSync(join(outDir, 'favicon.svg'), readFileSync(fromHere('../../examples/favicon.svg')));
  },
});
