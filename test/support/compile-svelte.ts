// Compiles the components of Svelte in tests, as the plugin of an application does.

import type { Plugin } from 'vite';

/** `generate`: for a page, or for a server that renders pages. */
export function compileSvelte(generate: 'client' | 'server' = 'client'): Plugin {
  return {
    name: 'compile-svelte',
    async transform(code, id) {
      if (!id.endsWith('.svelte')) return undefined;
      // Only where there is such a component: it takes a while to load.
      const { compile } = await import('svelte/compiler');
      const { js } = compile(code, { filename: id, generate, css: 'injected' });
      return { code: js.code, map: js.map };
    },
  };
}
