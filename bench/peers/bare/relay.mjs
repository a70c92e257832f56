// A relay that knows nothing of what it passes on: each message goes to everybody on its path, its sender too, as the
// servers beside it do. With WINDOW_MS, messages
// of a path wait that long for each other; published in one turn, they reach each socket in one write.
import { App } from 'uWebSockets.js';

const { HOST = '127.0.0.1', PORT = '0', WINDOW_MS = '0' } = process.env;
const windowMs = Number(WINDOW_MS);
const exclusivePort = 1;
/** Messages that wait, by path. */
const waiting = new Map();

/** The bytes of a message are only valid for the call. */
function wait(path, message) {
  if (!waiting.has(path)) {
    waiting.set(path, []);
    setTimeout(() => flush(path), windowMs);
  }
  waiting.get(path).push(message.slice(0));
}

function flush(path) {
  for (const message of waiting.get(path)) app.publish(path, message, true);
  waiting.delete(path);
}

const app = App().ws('/*', {
  compression: 0,
  maxPayloadLength: 64 * 1024 * 1024,
  maxBackpressure: 64 * 1024 * 1024,
  idleTimeout: 120,
  sendPingsAutomatically: true,
  upgrade(response, request, context) {
    const header = (name) => request.getHeader(`sec-websocket-${name}`);
    const [protocol = ''] = header('protocol').split(',');
    response.upgrade({ path: request.getUrl() }, header('key'), protocol, header('extensions'), context);
  },
  open(socket) {
    socket.subscribe(socket.getUserData().path);
  },
  message(socket, message) {
    const { path } = socket.getUserData();
    if (windowMs === 0) app.publish(path, message, true);
    else wait(path, message);
  },
});

app.listen(HOST, Number(PORT), exclusivePort, (listening) => {
  if (!listening) throw new Error(`cannot listen on ${HOST}, port ${PORT}`);
  console.log(`READY ${PORT}`);
});
