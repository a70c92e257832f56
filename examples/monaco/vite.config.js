// The page, and Heddle beside it on the same port: at /sync, without tokens, its documents in ./data.

import { createServer } from 'heddle/server';
import { defineConfig } from 'vite';

const heddle = {
  name: 'heddle',
  async configureServer({ httpServer }) {
    const sync = createServer({ server: httpServer, path: '/sync', auth: 'none', data: './data' });
    await sync.listen();
    httpServer.once('close', () => sync.close());
  },
};

export default defineConfig({
  plugins: [heddle],
  server: { watch: { ignored: ['**/data/**'] } },
  build: { target: 'es2022' },
  resolve: {
    // y-monaco asks for a path that Monaco's list of exports does not have any more.
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js' },
  },
  worker: { format: 'es' },
});
