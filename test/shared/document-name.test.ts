import { describe, expect, test, vi } from 'vitest';

import { documentNameFromPath, maxDocumentNameBytes, parseDocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';

const nfc = 'caf\u00e9';
const nfd = 'cafe\u0301';
const long = 'x'.repeat(maxDocumentNameBytes);

/** Names as given, and the canonical form of those that are accepted. */
const accepted: [raw: string, canonical?: string][] = [
  ['a'],
  ['A'],
  ['notes/a'],
  ['notes//a'],
  ['/notes/a'],
  ['notes/a/'],
  ['/'],
  ['//'],
  ['a b'],
  [' a'],
  ['a '],
  [' '],
  ['%'],
  ['100%'],
  ['%20'],
  ['%2F'],
  ['%2e%2e'],
  ['a%00b'],
  ['...'],
  ['a..b'],
  ['.a'],
  ['a.'],
  ['..a/b..'],
  ['a\\..\\b'],
  ['a?b=c&d'],
  ['a#b'],
  ['a+b'],
  ['*'],
  ['**'],
  ['a:b'],
  ['a|b'],
  ['"a"'],
  ["'; DROP TABLE documents --"],
  ['<script>'],
  ['${a}'],
  ['__proto__'],
  ['constructor'],
  ['toString'],
  ['null'],
  ['undefined'],
  ['0'],
  ['\u{1f600}'],
  ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
  [nfc],
  [nfd, nfc],
  ['\ufb01'],
  ['fi'],
  ['\u212b', '\u00c5'],
  ['\u00c5'],
  ['\u65e5\u672c\u8a9e'],
  ['\u05e9\u05dc\u05d5\u05dd'],
  ['\u0430'],
  [long],
  ['\u{1f600}'.repeat(128)],
];

const refused: [name: string, raw: string][] = [
  ['empty', ''],
  ['one byte too long', `${long}x`],
  ['too long in bytes, not in characters', '\u00e9'.repeat(257)],
  ['dot', '.'],
  ['dot dot', '..'],
  ['dot dot at the start', '../a'],
  ['dot dot inside', 'a/../b'],
  ['dot at the end', 'a/.'],
  ['NUL', 'a\u0000b'],
  ['newline', 'a\nb'],
  ['carriage return', 'a\r'],
  ['tab', '\ta'],
  ['escape', '\u001b[31m'],
  ['delete', '\u007f'],
  ['next line', 'a\u0085b'],
  ['line separator', 'a\u2028b'],
  ['paragraph separator', 'a\u2029b'],
  ['right-to-left override', 'a\u202eb'],
  ['right-to-left isolate', 'a\u2067b'],
  ['byte order mark', '\ufeffa'],
  ['replacement character', 'a\ufffd'],
  ['noncharacter', 'a\uffff'],
  ['lone high surrogate', 'a\ud800'],
  ['lone low surrogate', '\udc00a'],
  ['surrogates the wrong way round', '\udc00\ud800'],
];

describe('document names', () => {
  test.each(accepted)('O1 accepted: %j', (raw, canonical = raw) => {
    expect(parseDocumentName(raw)).toBe(canonical);
    expect(parseDocumentName(canonical)).toBe(canonical);
  });

  test.each(refused)('O1 refused: %s', (_, raw) => {
    expect(() => parseDocumentName(raw)).toThrow(
      expect.objectContaining({ code: 'NAME_INVALID', httpStatus: 400 }),
    );
  });

  test('O1 a long row of accents is refused before it is normalized, which would take the square of its length', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    try {
      expect(() => parseDocumentName(`a${'\u0301\u0323'.repeat(100_000)}`)).toThrow(
        expect.objectContaining({ code: 'NAME_INVALID' }),
      );
      expect(normalize).not.toHaveBeenCalled();
    } finally {
      normalize.mockRestore();
    }
  });

  test.each(refused)('O1 a refusal does not repeat the name: %s', (_, raw) => {
    expect(() => parseDocumentName(raw)).toThrow(
      expect.objectContaining({ reason: expect.stringMatching(/^NAME_INVALID: a document name [\w .]+$/) }),
    );
  });

  test('A1 two accepted names share a key only if they are canonically equal', () => {
    const owners = new Map<string, string>();
    for (const [raw] of accepted) {
      // As a store writes it: UTF-8 bytes.
      const key = Buffer.from(parseDocumentName(raw)).toString('hex');
      const owner = owners.get(key) ?? raw;
      expect(owner.normalize('NFC')).toBe(raw.normalize('NFC'));
      owners.set(key, owner);
    }
    expect(owners.size).toBe(new Set(accepted.map(([raw]) => raw.normalize('NFC'))).size);
  });

  test('O1 a name comes back from UTF-8 as it was', () => {
    for (const [raw] of accepted) {
      const name = parseDocumentName(raw);
      expect(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(name))).toBe(name);
    }
  });
});

describe('names in paths', () => {
  const paths: [path: string, name: string][] = [
    ['notes/a', 'notes/a'],
    ['a%20b', 'a b'],
    ['a b', 'a b'],
    ['caf%C3%A9', nfc],
    ['cafe%CC%81', nfc],
    ['%F0%9F%98%80', '\u{1f600}'],
    ['100%', '100%'],
    ['100%25', '100%'],
    ['%2520', '%20'],
    ['a%2Fb', 'a/b'],
    ['a%zz', 'a%zz'],
    ['a%E9', 'a%E9'],
    ['a%ff%20b', 'a%ff%20b'],
    ['a+b', 'a+b'],
    ['%', '%'],
    ['%2', '%2'],
    ['%ED%A0%80', '%ED%A0%80'],
    ['%C0%AE%C0%AE', '%C0%AE%C0%AE'],
  ];
  test.each(paths)('O1 %s', (path, name) => {
    expect(documentNameFromPath(path)).toBe(name);
  });

  test.each(['', '%2e%2e/a', 'a/%2E%2e', 'a%00', '%0A', '%E2%80%AE', '%EF%BB%BFa', '%7F'])(
    'O1 refused: %s',
    (path) => {
      expect(() => documentNameFromPath(path)).toThrow(SyncError);
    },
  );

  test('O2 a long path of escapes is refused in no time', () => {
    const before = performance.now();
    for (const path of ['%41'.repeat(5000), '%ff'.repeat(5000), '%'.repeat(16_000), '%4'.repeat(8000)]) {
      expect(() => documentNameFromPath(path)).toThrow(SyncError);
    }
    expect(performance.now() - before).toBeLessThan(200);
  });
});
