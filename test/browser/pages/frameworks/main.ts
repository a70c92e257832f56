// One application three times, and a page for each: `?framework=react`, `vue` or `svelte`.

import { counts, providers, type Application } from './application.js';

declare global {
  interface Window {
    frameworks: {
      readonly application: Application;
      readonly providers: typeof providers;
      counts: typeof counts;
    };
  }
}

const mounts: Readonly<Record<string, () => Promise<{ mountApplication: (at: Element) => Application }>>> = {
  react: () => import('./react.js'),
  vue: () => import('./vue.js'),
  svelte: () => import('./svelte.js'),
};

const framework = new URLSearchParams(location.search).get('framework')!;
// No await at the top: the module of a framework imports what is bundled with this one.
void mounts[framework]!().then(({ mountApplication }) => {
  const application = mountApplication(document.querySelector('#app')!);
  window.frameworks = { application, providers, counts };
});
