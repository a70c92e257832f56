// The application in Svelte.

import { mount, unmount } from 'svelte';
import type { Application } from './application.js';
import App from './App.svelte';

export function mountApplication(at: Element): Application {
  const app = mount(App, { target: at }) as unknown as Pick<Application, 'show'>;
  return { show: (name) => app.show(name), unmount: () => void unmount(app) };
}
