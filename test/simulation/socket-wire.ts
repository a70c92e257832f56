// A WebSocket in a simulated world: frames take their time, the client reads as fast as the weather lets it, and either side
// can go without the other noticing.

import type { Timer } from '../../shared/clock.js';
import type { MemoryClient } from '../support/memory-transport.js';
import { Passage, type Net, type Weather, type Wire, type WireEvents } from './wire.js';

const readEveryMs = 20;

export class SocketWire implements Wire {
  readonly #net: Net;
  readonly #events: WireEvents;
  readonly #up: Passage;
  readonly #down: Passage;
  #end: MemoryClient | undefined;
  #weather: Weather;
  #reading: Timer | undefined;
  #isOver = false;

  constructor(net: Net, path: string, query: string, weather: Weather, events: WireEvents) {
    this.#net = net;
    this.#events = events;
    this.#weather = weather;
    this.#up = new Passage(net.clock);
    this.#down = new Passage(net.clock);
    this.#up.add(weather.latencyMs, () => this.#connect(path, query));
  }

  get weather(): Weather {
    return this.#weather;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    const end = this.#end;
    if (end === undefined) return;
    end.kernelBytes = weather.kernelBytes;
    this.#reading?.cancel();
    this.#reading = undefined;
    end.readBudget = weather.readBytes === Infinity ? Infinity : 0;
    if (weather.readBytes === Infinity || weather.readBytes === 0) return;
    this.#reading = this.#net.clock.every(readEveryMs, () => {
      end.readBudget = Math.min(end.readBudget + this.#weather.readBytes, this.#weather.readBytes);
    });
  }

  send(frame: Uint8Array): void {
    if (this.#isOver) return;
    const copy = frame.slice();
    this.#up.add(this.#weather.latencyMs, () => {
      if (this.#end?.state === 'open') this.#end.send(copy);
    });
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reading?.cancel();
    this.#down.clear();
    this.#up.add(this.#weather.latencyMs, () => {
      if (this.#end === undefined) return;
      this.#end.readBudget = Infinity;
      this.#end.close(1000);
    });
  }

  cut(): void {
    if (this.#isOver) return;
    this.#end?.terminate();
    this.#finish(1006, '');
  }

  vanish(): void {
    if (this.#isOver) return;
    const end = this.#end;
    if (end !== undefined) {
      end.onMessage = undefined;
      end.onClose = undefined;
      end.readBudget = 0;
      const bury = (): void => {
        if (end.state === 'open') end.terminate();
        this.#net.ghosts.delete(bury);
      };
      this.#net.ghosts.add(bury);
      this.#end = undefined;
    }
    this.#finish(1006, '');
  }

  #connect(path: string, query: string): void {
    const { process } = this.#net;
    if (this.#isOver) return;
    if (process?.isUp !== true) return this.#later(() => this.#finish(1006, ''));
    const end = process.server.transport.connect(path, { query });
    this.#end = end;
    if (end.state === 'refused') return this.#later(() => this.#finish(1006, ''));
    end.onMessage = (frame) => {
      const copy = frame.slice();
      this.#later(() => this.#events.frame(copy));
    };
    end.onClose = (code, reason) => this.#later(() => this.#finish(code, reason));
    this.weather = this.#weather;
    this.#later(() => this.#events.opened());
  }

  #later(run: () => void): void {
    this.#down.add(this.#weather.latencyMs, () => {
      if (!this.#isOver) run();
    });
  }

  #finish(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reading?.cancel();
    this.#up.clear();
    this.#down.clear();
    this.#events.closed(code, reason);
  }
}
