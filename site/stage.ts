// Lays the pages out as the site has them: links between files of the repository become links between pages.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { apiPages } from './api-reference.js';
import { errorsPage } from './errors-page.js';
import { groups, writtenPages, type Group } from './pages.js';

export interface MenuGroup {
  readonly text: Group;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

interface Staged {
  readonly page: string;
  readonly group: Group;
  readonly text: string;
}

/** A link in a page leads to nothing that the site has. */
export class DeadLinkError extends Error {
  override readonly name = 'DeadLinkError';
}

/** Writes all pages below `folder`, with the menu as `menu.json`. Throws DeadLinkError. */
export async function stage(root: string, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const pages = [...(await generated(root)), ...written(root)];
  for (const { page, text } of pages) {
    mkdirSync(dirname(join(folder, page)), { recursive: true });
    writeFileSync(join(folder, page), text);
  }
  writeFileSync(join(folder, 'menu.json'), JSON.stringify(menuOf(pages)));
}

function written(root: string): Staged[] {
  const pages = writtenPages(root);
  const bySource = new Map(pages.map(({ source, page }) => [source, page]));
  return pages.map(({ source, page, group }) => {
    const text = readFileSync(join(root, source), 'utf8');
    return { page, group, text: withPageLinks(text, { source, page }, bySource) };
  });
}

async function generated(root: string): Promise<Staged[]> {
  const api = (await apiPages(root)).map(({ name, text }): Staged => ({
    page: `api/${name}.md`,
    group: 'Reference',
    text,
  }));
  return [...api, { page: 'errors.md', group: 'Reference', text: errorsPage() }];
}

/** Pages that no file of the repository is; on GitHub their links lead to what they are made of. */
const standIns: Readonly<Record<string, string>> = {
  'site/error-guide.ts': 'errors.md',
  'client/index.ts': 'api/client.md',
  'client/react/index.ts': 'api/react.md',
  'client/vue/index.ts': 'api/vue.md',
  'client/svelte/index.ts': 'api/svelte.md',
  'token/index.ts': 'api/token.md',
  'server/index.ts': 'api/server.md',
};

/** The text with links to files turned into links to pages. Throws DeadLinkError. */
export function withPageLinks(
  text: string,
  { source, page }: { source: string; page: string },
  bySource: ReadonlyMap<string, string>,
): string {
  return text.replace(/\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)/g, (_, path: string, hash = '') => {
    const target = posix.normalize(posix.join(posix.dirname(source), path)).replace(/\/$/, '/README.md');
    const to = bySource.get(target) ?? standIns[target];
    if (to === undefined) throw new DeadLinkError(`${source} links to ${path}, which is no page of the site`);
    const link = posix.relative(posix.dirname(page), to);
    return `](${link.startsWith('.') ? link : `./${link}`}${hash})`;
  });
}

function menuOf(pages: readonly Staged[]): MenuGroup[] {
  return groups.map((group) => ({
    text: group,
    items: pages
      .filter((one) => one.group === group)
      .map(({ page, text }) => ({
        text: /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? page,
        link: `/${page.replace(/(?:index)?\.md$/, '')}`,
      })),
  }));
}
