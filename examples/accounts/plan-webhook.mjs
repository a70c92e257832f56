// The payment provider's webhook: somebody has another plan. Signed as most providers sign: HMAC-SHA-256 over the time and the
// body, so that nobody else can send it, and an old one cannot be sent again.

import { createHmac, timingSafeEqual } from 'node:crypto';

const maxAgeS = 300;
const maxBodyBytes = 10_000;

/** The header `x-signature` for a body. */
export function signatureOf(secret, body, timeS = Math.floor(Date.now() / 1000)) {
  return `t=${timeS},v1=${createHmac('sha256', secret).update(`${timeS}.${body}`).digest('hex')}`;
}

/** Answers `POST { email, plan }`. `planChanged(email, plan)` makes it so, and throws an error with `statusCode` to refuse. */
export function planWebhook(secret, planChanged) {
  return async (request, response) => {
    const body = await textOf(request);
    if (body === undefined) return answer(response, 413, 'the body is too large');
    if (!isSigned(secret, body, String(request.headers['x-signature'] ?? '')))
      return answer(response, 401, 'the signature is wrong or too old');
    try {
      const { email, plan } = JSON.parse(body);
      await planChanged(String(email), String(plan));
      return answer(response, 200, 'done');
    } catch (error) {
      if (error instanceof SyntaxError) return answer(response, 400, 'the body is no JSON');
      if (error.statusCode !== undefined) return answer(response, error.statusCode, error.message);
      throw error;
    }
  };
}

function isSigned(secret, body, given) {
  const timeS = Number(/^t=(\d+),/.exec(given)?.[1]);
  if (!(Math.abs(Date.now() / 1000 - timeS) < maxAgeS)) return false;
  const wanted = Buffer.from(signatureOf(secret, body, timeS));
  const offered = Buffer.from(given);
  return wanted.length === offered.length && timingSafeEqual(wanted, offered);
}

async function textOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > maxBodyBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function answer(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
