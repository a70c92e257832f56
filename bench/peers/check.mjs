// Fails when something of this folder cannot be loaded, as where a native part is missing.
await import('@hocuspocus/server');
await import('@y/websocket-server/utils');
process.exit();
