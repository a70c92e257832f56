// Follows every link of the built site, to pages, files and headings.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Links that lead nowhere, as `page: link`. `base` is the path that the site is served under. */
export function deadLinks(folder: string, base: string): string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.html'),
  );
  const htmlOf = new Map(pages.map((name) => [join(folder, name), readFileSync(join(folder, name), 'utf8')]));
  const dead: string[] = [];
  for (const [file, html] of htmlOf) {
    // What the page of a missing page links to is decided by the page that is missing.
    if (relative(folder, file) === '404.html') continue;
    for (const [, , link = ''] of html.matchAll(/<(a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g)) {
      const target = targetOf(link.replaceAll('&amp;', '&'), { folder, base, file });
      if (target !== undefined && !isThere(target, htmlOf)) dead.push(`${relative(folder, file)}: ${link}`);
    }
  }
  return [...new Set(dead)];
}

interface Target {
  readonly file: string;
  readonly id: string;
}

/** Undefined for what is outside the site. */
function targetOf(
  link: string,
  { folder, base, file }: { folder: string; base: string; file: string },
): Target | undefined {
  if (/^(?:\w+:|\/\/)/.test(link)) return undefined;
  const [path = '', id = ''] = link.split('#');
  if (path === '') return { file, id: decodeURIComponent(id) };
  const isOwn = path.startsWith(base);
  const found = path.startsWith('/')
    ? join(folder, isOwn ? path.slice(base.length) : `../outside${path}`)
    : join(dirname(file), path);
  const isFolder = existsSync(found) && statSync(found).isDirectory();
  return { file: isFolder ? join(found, 'index.html') : found, id: decodeURIComponent(id) };
}

function isThere({ file, id }: Target, htmlOf: ReadonlyMap<string, string>): boolean {
  if (!existsSync(file)) return false;
  return id === '' || (htmlOf.get(file)?.includes(` id="${id}"`) ?? false);
}
