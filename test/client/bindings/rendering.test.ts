// Pages that a server renders, in each framework: the fallback, and nothing is opened.

import { createElement } from 'react';
import { renderToString as renderReact } from 'react-dom/server';
import { render as renderSvelte } from 'svelte/server';
import { expect, test } from 'vitest';
import { createSSRApp, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import type { HeddleProviderOptions } from '../../../client/index.js';
import * as react from '../../../client/react/index.js';
import * as vue from '../../../client/vue/index.js';
import Page from './Page.svelte';

interface Server extends HeddleProviderOptions {
  readonly url: string;
}

function inReact(server: Server): string {
  const fallback = createElement('p', null, 'loading');
  const inside = createElement(() => react.useDoc().guid);
  return renderReact(
    createElement(
      react.HeddleServer,
      server,
      createElement(react.HeddleDocument, { name: 'one', fallback }, inside),
    ),
  );
}

function inVue({ url, token, ...options }: Server): Promise<string> {
  const inside = { setup: () => () => vue.useDoc().guid };
  const slots = { default: () => h(inside), fallback: () => h('p', 'loading') };
  const app = createSSRApp(() =>
    h(vue.HeddleServer, { url, token: token!, options }, () => h(vue.HeddleDocument, { name: 'one' }, slots)),
  );
  return renderVue(app);
}

const inSvelte = (options: Server): string => renderSvelte(Page, { props: { options } }).body;

test.each([
  ['React', inReact],
  ['Vue', inVue],
  ['Svelte', inSvelte],
] as const)(
  'K76 a server that renders a page of %s shows the fallback, without a socket',
  async (_name, render) => {
    const asked: unknown[] = [];
    const html = await render({
      url: 'ws://127.0.0.1:1/',
      token: () => {
        asked.push('a token');
        return '';
      },
      WebSocketPolyfill: function NoSocket() {
        asked.push('a socket');
      } as never,
    });
    // Svelte and Vue mark where their blocks begin.
    expect(html.replaceAll(/<!--.*?-->/g, '').trim()).toBe('<p>loading</p>');
    expect(asked).toEqual([]);
  },
);
