// A connection over HTTP in a simulated world: the bodies and headers of docs/protocol.md, over requests that get lost on
// the way there, get lost on the way back, are made twice, or are given up by the client.

import type { HttpReply } from '../../server/transport/transport.js';
import { afterHeader, decodeBody, encodeBody, sessionHeader } from '../../shared/native/over-http.js';
import { fairWeather, type Net, type Weather, type Wire, type WireEvents } from './wire.js';

/** A request that was not answered is made again after this long. */
const againMs = 150;
/** The client gives up a poll after this long; the server answers sooner. */
const patienceMs = 40_000;

interface Request {
  readonly path: string;
  readonly after: number | undefined;
  readonly body: Uint8Array;
}

export class PollWire implements Wire {
  weather: Weather = fairWeather;
  readonly #net: Net;
  readonly #events: WireEvents;
  #session: string | undefined;
  /** Frames that the server has not taken, and how many it has. */
  #unsent: Uint8Array[] = [];
  #sent = 0;
  #isSending = false;
  #heard = 0;
  #isLeaving = false;
  #isOver = false;

  constructor(net: Net, query: string, events: WireEvents) {
    this.#net = net;
    this.#events = events;
    void this.#run(query);
  }

  send(frame: Uint8Array): void {
    if (this.#isOver || this.#isLeaving) return;
    this.#unsent.push(frame.slice());
    void this.#sendWaiting();
  }

  close(): void {
    if (this.#isOver || this.#isLeaving) return;
    this.#isLeaving = true;
    void this.#sendWaiting();
  }

  /** A client over HTTP that is cut off is not missed at once, whoever cuts. */
  cut(): void {
    this.#finish(1006, '');
  }

  vanish(): void {
    this.#finish(1006, '');
  }

  async #run(query: string): Promise<void> {
    const opened = await this.#ask({ path: '/session', after: undefined, body: new Uint8Array() }, query);
    if (this.#isOver) return;
    if (opened?.status !== 200) return this.#finish(1006, `open ${opened?.status} ${String(opened?.body)}`);
    this.#session = (JSON.parse(String(opened.body)) as { session: string }).session;
    this.#events.opened();
    void this.#sendWaiting();
    while (!this.#isOver && !this.#isLeaving) await this.#poll();
  }

  async #poll(): Promise<void> {
    const reply = await this.#ask({ path: '/session/poll', after: this.#heard, body: new Uint8Array() });
    if (this.#isOver || this.#isLeaving) return;
    if (reply === undefined || reply.status === 409) return this.#pause(againMs);
    if (reply.status !== 200) return this.#finish(1006, `poll ${reply.status} ${String(reply.body)}`);
    const { frames, farewell } = decodeBody(reply.body as Uint8Array);
    for (const frame of frames) {
      this.#heard++;
      if (!this.#isOver) this.#events.frame(frame.slice());
    }
    if (farewell !== undefined) this.#finish(farewell.code, farewell.reason);
    await this.#pause(this.weather.readBytes === Infinity ? 0 : 20 + this.#net.random.int(400));
  }

  async #sendWaiting(): Promise<void> {
    if (this.#isSending || this.#session === undefined) return;
    this.#isSending = true;
    while (!this.#isOver && (this.#unsent.length > 0 || this.#isLeaving)) {
      const frames = this.#unsent.slice(0, 100);
      const isLast = this.#isLeaving && frames.length === this.#unsent.length;
      const body = encodeBody({ frames, farewell: isLast ? { code: 1000, reason: '' } : undefined });
      const request = { path: '/session/send', after: this.#sent, body };
      const reply = await this.#ask(request);
      if (reply?.status === 204) {
        // A repeated request changes nothing: the server passes over what it has heard.
        if (this.#net.random.chance(this.weather.loss)) await this.#ask(request);
        this.#sent += frames.length;
        this.#unsent.splice(0, frames.length);
        if (isLast) return this.#finish(1000, '');
      } else if (reply === undefined || reply.status === 409) await this.#pause(againMs);
      else return this.#finish(1006, `send ${reply.status} ${String(reply.body)}`);
    }
    this.#isSending = false;
  }

  /** The answer, or undefined when there is none. */
  async #ask({ path, after, body }: Request, query = ''): Promise<HttpReply | undefined> {
    await this.#pause(this.weather.latencyMs);
    const { process, random, clock } = this.#net;
    if (process?.isThere !== true || random.chance(this.weather.loss)) return undefined;
    const headers = new Map<string, string>();
    if (this.#session !== undefined) headers.set(sessionHeader, this.#session);
    if (after !== undefined) headers.set(afterHeader, String(after));
    let tellGone = (): void => {};
    const replied = process.server.longPoll.reply({
      method: 'POST',
      path,
      query,
      header: (name) => headers.get(name),
      remoteAddress: '127.0.0.1',
      body: async () => body.slice(),
      onGone: (run) => (tellGone = run),
      dropBody() {},
    });
    const waiting = { isOver: false };
    const given = await Promise.race([replied, this.#gaveUp(waiting, clock.monotonic() + patienceMs)]);
    waiting.isOver = true;
    if (given === undefined) tellGone();
    else await this.#pause(this.weather.latencyMs);
    return this.#net.process === process && !random.chance(this.weather.loss) ? given : undefined;
  }

  /** Resolves when the client has waited long enough, or the wire is over, or the process is. */
  async #gaveUp(waiting: { readonly isOver: boolean }, untilMs: number): Promise<undefined> {
    const { process, clock } = this.#net;
    const isWaiting = (): boolean => !waiting.isOver && !this.#isOver && process?.isThere === true;
    while (isWaiting() && clock.monotonic() < untilMs) await this.#pause(500);
    return undefined;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#net.clock.after(ms, resolve));
  }

  #finish(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.closed(code, reason);
  }
}
