// Registering, signing in and out. What the notes app has to know of the account is left under a key of localStorage, so that
// the app knows it without a network too.

const accountKey = 'heddle-notes.account';
const views = ['sign-in', 'register', 'forgot', 'reset', 'account'];
const element = (id) => document.getElementById(id);
const say = (text) => (element('message').textContent = text);

async function call(path, body) {
  const response = await fetch(`api/auth/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(answer?.message ?? `The server answered with ${response.status}.`);
  return answer;
}

function show(view) {
  for (const id of views) element(id).hidden = id !== view;
  element(view).querySelector('input')?.focus();
}

async function showAccount() {
  const found = await call('get-session');
  if (!found) {
    localStorage.removeItem(accountKey);
    return show('sign-in');
  }
  const { user, session } = found;
  const { href: server } = new URL('sync', location.href);
  const { href: auth } = new URL('api/auth/', location.href);
  const account = JSON.stringify({ id: user.id, name: user.name, server, auth, signIn: location.pathname });
  if (localStorage.getItem(accountKey) !== account) localStorage.setItem(accountKey, account);
  element('name').textContent = user.name;
  element('plan').textContent = user.plan;
  const sessions = await call('list-sessions');
  element('sessions').replaceChildren(...sessions.map((other) => item(other, other.id === session.id)));
  show('account');
}

function item({ userAgent, createdAt, token }, isThis) {
  const row = document.createElement('li');
  const since = new Date(createdAt).toLocaleString();
  row.textContent = `${nameOf(userAgent)}, since ${since}${isThis ? ' (here)' : ''}`;
  if (isThis) return row;
  const button = document.createElement('button');
  button.textContent = 'Sign out';
  button.addEventListener('click', () => {
    void attempt(() => call('revoke-session', { token }), showAccount);
  });
  row.append(button);
  return row;
}

/** The browser and the system, of a user agent's many words. */
function nameOf(userAgent) {
  const browser = /Firefox|Edg|Chrome|Safari/.exec(userAgent ?? '')?.[0] ?? 'A program';
  const system = /Windows|Android|iPhone|iPad|Mac OS|Linux/.exec(userAgent ?? '')?.[0];
  return system === undefined ? browser : `${browser} on ${system}`;
}

async function attempt(work, then) {
  say('');
  try {
    await work();
    await then();
  } catch (error) {
    say(error.message);
  }
}

function onSubmit(id, path, more, then) {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    void attempt(() => call(path, { ...given, ...more() }), then);
  });
}

const nothing = () => ({});
onSubmit('sign-in', 'sign-in/email', nothing, showAccount);
onSubmit('register', 'sign-up/email', nothing, showAccount);
onSubmit(
  'forgot',
  'request-password-reset',
  () => ({ redirectTo: location.pathname }),
  () => {
    show('sign-in');
    say('If there is such an account, a link was sent to it.');
  },
);
const resetToken = new URLSearchParams(location.search).get('token');
onSubmit(
  'reset',
  'reset-password',
  () => ({ token: resetToken }),
  () => {
    history.replaceState(null, '', location.pathname);
    show('sign-in');
    say('The password was changed. Sign in with the new one.');
  },
);
for (const button of document.querySelectorAll('[data-show]'))
  button.addEventListener('click', () => show(button.dataset.show));
element('sign-out').addEventListener('click', () => {
  void attempt(async () => {
    await call('sign-out', {});
    // Removing it signs out every window of the notes app.
    localStorage.removeItem(accountKey);
  }, showAccount);
});

if (resetToken === null) void attempt(() => {}, showAccount);
else show('reset');
