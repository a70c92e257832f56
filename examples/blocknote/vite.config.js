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
});
