// Gives a page its token. Who the user is, the application knows: here by a cookie that anybody can set.

import { tokenRoute } from 'heddle/token';
import { secret } from '../../../secret';

const userOf = (request: Request): string | undefined =>
  /(?:^|; )user=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1];

export function GET(request: Request): Promise<Response> {
  const answer = tokenRoute({
    secret: secret(),
    user() {
      const sub = userOf(request);
      return sub === undefined
        ? undefined
        : { sub, name: sub, docs: [{ pattern: 'team/**', access: 'write' }] };
    },
  });
  return answer(request);
}
