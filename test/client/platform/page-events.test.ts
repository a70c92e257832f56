// What a page learns of its own life.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { listenToPage, warnBeforeLeaving } from '../../../client/platform/page-events.js';

class Page extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });

  constructor() {
    super();
    vi.stubGlobal('document', this.document);
    vi.stubGlobal('window', this);
    vi.stubGlobal('addEventListener', this.addEventListener.bind(this));
    vi.stubGlobal('removeEventListener', this.removeEventListener.bind(this));
  }

  tell(type: string, properties: object = {}): Event {
    const event = Object.assign(new Event(type, { cancelable: true }), properties);
    this.dispatchEvent(event);
    return event;
  }

  turn(visibilityState: 'visible' | 'hidden'): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

afterEach(() => vi.unstubAllGlobals());

describe('a page', () => {
  it('K8 wakes with the network, when it is shown, and when it comes back', () => {
    const page = new Page();
    const heard: string[] = [];
    const stop = listenToPage({
      woke: () => heard.push('woke'),
      leaving: () => heard.push('leaving'),
      stored: () => heard.push('stored'),
      restored: () => heard.push('restored'),
    });
    page.tell('online');
    page.tell('offline');
    page.turn('hidden');
    page.turn('visible');
    page.tell('pagehide', { persisted: false });
    page.tell('pagehide', { persisted: true });
    page.tell('pageshow', { persisted: true });
    page.tell('pageshow', { persisted: false });
    expect(heard.join(' ')).toBe('woke woke leaving woke leaving stored restored woke woke');
    stop();
    page.tell('online');
    page.turn('visible');
    expect(heard.length).toBe(9);
  });

  it('K53: tells once that it is put away, and once that it is back, however often the browser says so', () => {
    const page = new Page();
    const heard: string[] = [];
    listenToPage({ stored: () => heard.push('stored'), restored: () => heard.push('restored') });
    const say = (type: string): boolean => page.document.dispatchEvent(new Event(type));
    page.tell('pagehide', { persisted: true });
    say('freeze');
    say('resume');
    page.tell('pageshow', { persisted: true });
    // In the background, without being left.
    say('freeze');
    say('resume');
    expect(heard.join(' ')).toBe('stored restored stored restored');
  });

  it('K8 asks before it is left only while something would be lost', () => {
    const page = new Page();
    let isUnsafe = true;
    const question = warnBeforeLeaving(() => isUnsafe);
    expect(page.tell('beforeunload').defaultPrevented).toBe(true);
    isUnsafe = false;
    expect(page.tell('beforeunload').defaultPrevented).toBe(false);
    isUnsafe = true;
    question.stop();
    expect(page.tell('beforeunload').defaultPrevented).toBe(false);
  });

  it('K37: listens for being left only while something would be lost', () => {
    const page = new Page();
    const heard: string[] = [];
    page.addEventListener = (type: string): void => void heard.push(`on ${type}`);
    page.removeEventListener = (type: string): void => void heard.push(`off ${type}`);
    let isUnsafe = false;
    const question = warnBeforeLeaving(() => isUnsafe);
    question.look();
    expect(heard).toEqual([]);
    isUnsafe = true;
    question.look();
    question.look();
    expect(heard).toEqual(['on beforeunload']);
    isUnsafe = false;
    question.look();
    question.stop();
    expect(heard).toEqual(['on beforeunload', 'off beforeunload']);
  });

  it('K8 that is none has nothing to say', () => {
    const stop = listenToPage({});
    expect(() => stop()).not.toThrow();
    expect(() => warnBeforeLeaving(() => true).stop()).not.toThrow();
  });
});
