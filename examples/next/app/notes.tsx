'use client';

// A list that the team writes, with the hooks of heddle/react.

import { LoginRequired } from 'heddle/client';
import { HeddleDocument, HeddleServer, useArray, useSyncStatus } from 'heddle/react';
import type { FormEvent, JSX } from 'react';

async function token(): Promise<string> {
  const response = await fetch('/api/sync-token');
  if (response.status === 401) throw new LoginRequired();
  return response.text();
}

export function Notes(): JSX.Element {
  return (
    <HeddleServer url={process.env['NEXT_PUBLIC_SYNC_URL'] ?? '/sync'} token={token}>
      <HeddleDocument name="team/lines" fallback={<p>Loading</p>}>
        <Login />
        <Lines />
      </HeddleDocument>
    </HeddleServer>
  );
}

function Lines(): JSX.Element {
  const [lines, splice] = useArray<string>('lines');
  return (
    <>
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
      <button onClick={() => splice(lines.length, 0, new Date().toLocaleTimeString())}>add a line</button>
    </>
  );
}

function Login(): JSX.Element {
  const { phase, reason } = useSyncStatus();
  const login = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const user = new FormData(event.currentTarget).get('user');
    if (typeof user !== 'string') return;
    document.cookie = `user=${user}; path=/; samesite=strict`;
    location.reload();
  };
  if (reason?.kind !== 'login-required') return <p>{phase}</p>;
  return (
    <form onSubmit={login}>
      <input name="user" placeholder="Your name" pattern="\w+" required />
      <button>log in</button>
    </form>
  );
}
