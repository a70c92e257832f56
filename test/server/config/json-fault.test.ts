// Where a text stops being JSON.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonFault } from '../../../server/config/json-fault.js';

describe('a fault in JSON', () => {
  test.each([
    ['', 1, 1, 'a value is missing at the end'],
    ['{\n  "port": 1234,\n}', 3, 1, 'no "}" may follow a comma'],
    ['{\n  "port": 1234\n  "host": "a"\n}', 3, 3, '"," or "}" is expected'],
    ['{ "port" 1 }', 1, 10, '":" is expected'],
    ["{ 'port': 1 }", 1, 3, 'a name in double quotes is expected'],
    ['{ "port": 01 }', 1, 12, '"," or "}" is expected'],
    ['{ "port": secret }', 1, 11, 'a value is expected'],
    ['{ "a": [1, 2 }', 1, 14, '"," or "]" is expected'],
    ['{ "a": "b', 1, 10, 'a text does not end'],
    ['{ "a": "b\nc" }', 1, 10, 'a text does not end'],
    [String.raw`{ "a": "\x" }`, 1, 9, 'a backslash stands before something that it cannot stand before'],
    ['{} {}', 1, 4, 'something follows the end'],
    ['{ // comment\n}', 1, 3, 'a name in double quotes is expected'],
  ])('U18 of %j is in line %i, column %i', (text, line, column, problem) => {
    expect(jsonFault(text)).toEqual({ line, column, problem });
  });

  test('U18 is found wherever JSON.parse finds one, and nowhere else', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '\\', 'x', '\n', '1'), fc.nat(3))
      .map(([text, at, piece, gone]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + piece + text.slice(place + gone);
      });
    fc.assert(
      fc.property(broken, (text) => {
        const fault = jsonFault(text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(fault === undefined).toBe(isJson);
        // The scan stops at a fault of its own, so it knows the same language as JSON.parse.
        expect(fault?.problem).not.toBe('something is wrong');
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
