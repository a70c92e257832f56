// What the example pages say to people when something does not go on.

import { describe, expect, test } from 'vitest';
import type { OfflineErrorCode, StatusReason } from '../../client/index.js';
import { statusReason } from '../../client/provider/status-reason.js';
import { noCopyWords, reasonWords, technicalWords } from '../../examples/editor/reason-words.js';
import { errorTable, type ErrorCode } from '../../shared/errors.js';

const codes = Object.keys(errorTable) as ErrorCode[];
const offlineCodes: readonly OfflineErrorCode[] = [
  'OFFLINE_UNAVAILABLE',
  'OFFLINE_TIMEOUT',
  'OFFLINE_BLOCKED',
  'OFFLINE_QUOTA',
  'OFFLINE_DELETED',
  'OFFLINE_CORRUPT',
  'OFFLINE_FAILED',
];

describe('words for people', () => {
  test('Q14 whatever the server or the storage says, people read a sentence without a code', () => {
    const reasons = codes.map((code) => statusReason({ code, message: `${code}: its words` }));
    const sentences = [
      ...reasons.map((reason) => reasonWords(reason).sentence),
      ...offlineCodes.map((code) => noCopyWords({ code })),
    ];
    expect(sentences.length).toBeGreaterThan(20);
    for (const sentence of sentences) {
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(sentence).not.toMatch(/[A-Z]{2,}|_|\d/);
    }
  });

  test('Q14 the technical details have the code and the server’s words once', () => {
    const reason: StatusReason = { kind: 'busy', code: 'RATE_LIMITED', message: 'slow down', isFinal: false };
    const one = { reason, offlineError: undefined };
    expect(technicalWords([one, one])).toBe('RATE_LIMITED: slow down');
    expect(technicalWords([{ reason: undefined, offlineError: undefined }])).toBe('');
  });
});
