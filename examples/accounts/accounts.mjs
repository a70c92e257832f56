// Who there is: accounts in LevelDB, kept by better-auth, and the tokens that Heddle believes. What ends or changes a session
// here is pushed to Heddle, so that it counts at once on every device.

import { betterAuth } from 'better-auth';
import { APIError } from 'better-auth/api';
import { jwt } from 'better-auth/plugins';
import { levelAdapter } from './level-adapter.mjs';

/** What a plan allows for the notebooks whose address one has. */
const accessByPlan = { __proto__: null, free: 'read', team: 'write' };
const docsOf = (access) => (access === undefined ? [] : [{ pattern: 'notebook/**', access }]);

/**
 * `url`: where browsers reach this server. `sendMail({ to, text })`. `sessionEnded({ user, session })` is called after somebody
 * has signed out, or was signed out, and may answer later. `tokenLife`: '5m' for example.
 */
export function createAccounts({ db, url, secret, tokenLife, sendMail, sessionEnded }) {
  const auth = betterAuth({
    baseURL: url,
    secret,
    database: levelAdapter(db),
    telemetry: { enabled: false },
    emailAndPassword: {
      enabled: true,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: async ({ user, url: link }) =>
        sendMail({ to: user.email, text: `To choose a new password, open ${link}` }),
    },
    user: {
      // Nobody chooses a plan by signing up: `input: false`.
      additionalFields: { plan: { type: 'string', defaultValue: 'team', input: false } },
    },
    databaseHooks: {
      session: {
        delete: { after: async ({ id, userId }) => sessionEnded({ user: userId, session: id }) },
      },
    },
    plugins: [
      jwt({
        jwt: {
          issuer: url,
          audience: url,
          expirationTime: tokenLife,
          definePayload: ({ user, session }) => ({
            name: user.name,
            plan: user.plan,
            // What Heddle calls a device is a session here.
            sid: session.id,
            docs: docsOf(accessByPlan[user.plan]),
          }),
        },
      }),
    ],
  });
  return {
    auth,
    /** Sets the plan of whoever has this e-mail address; returns their id. Throws APIError for an unknown plan or address. */
    async setPlan(email, plan) {
      if (!Object.hasOwn(accessByPlan, plan)) throw new APIError('BAD_REQUEST', { message: 'no such plan' });
      const { internalAdapter } = await auth.$context;
      const found = await internalAdapter.findUserByEmail(email);
      if (found === null) throw new APIError('NOT_FOUND', { message: 'nobody has this address' });
      await internalAdapter.updateUser(found.user.id, { plan });
      return found.user.id;
    },
  };
}
