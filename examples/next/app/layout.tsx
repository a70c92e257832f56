import type { JSX, ReactNode } from 'react';

export const metadata = { title: 'Heddle in Next.js' };

export default function Layout({ children }: { readonly children: ReactNode }): JSX.Element {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
